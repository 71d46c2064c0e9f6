/**
 * Who may import whom (docs/architecture.md). Checked by `npm run check`.
 * Apps never import one another; libraries point downwards only; riscv-core imports nothing; only the controller knows Prisma.
 */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from, pathNot: '\\.spec\\.ts$|\\.testkit\\.ts$' },
  to: { path: '^(apps|libs)/', pathNot: [from, ...allowed] },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'apps-stay-apart',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    only('contracts-import-nothing', '^libs/contracts/', [], 'the language all processes share'),
    only('riscv-core-imports-nothing', '^libs/riscv-core/', [], 'the machine would run in a browser tab'),
    only('duvisor-imports', '^libs/duvisor/', ['^libs/riscv-core/', '^libs/contracts/'], ''),
    only('region-thread-imports', '^libs/region-thread/', ['^libs/riscv-core/'], 'compiles for the machine'),
    only('reporting-imports', '^libs/reporting/', ['^libs/contracts/'], 'pure: samples in, tables out'),
    only('web-imports', '^apps/web/', ['^libs/contracts/'], 'runs in a browser: the API and its schemas, nothing else'),
    only('platform-imports', '^libs/platform/', ['^libs/contracts/'], ''),
    only('wasm-hints-imports-nothing', '^libs/wasm-hints/', [], ''),
    only(
      'cli-imports',
      '^apps/cli/',
      ['^libs/(contracts|platform|riscv-core|wasm-hints|region-thread)/'],
      'exec is the bare machine',
    ),
    only(
      'controller-imports',
      '^apps/controller/',
      ['^libs/(contracts|platform|reporting|duvisor)/'],
      'never simulates',
    ),
    only(
      'sim-worker-imports',
      '^apps/sim-worker/',
      ['^libs/(contracts|platform|duvisor|wasm-hints|region-thread)/'],
      'knows no report',
    ),
    {
      name: 'libraries-never-import-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'riscv-core-is-pure',
      comment: 'no Node API and no package inside the machine',
      severity: 'error',
      from: { path: '^libs/riscv-core/src/', pathNot: '\\.spec\\.ts$|\\.testkit\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
    },
    {
      name: 'contracts-import-only-zod',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: 'node_modules/zod' },
    },
    {
      name: 'only-the-controller-knows-prisma',
      severity: 'error',
      from: { pathNot: '^(apps/controller|scripts|prisma)' },
      to: { path: 'node_modules/(@prisma|prisma)/' },
    },
    {
      name: 'inside-riscv-core',
      comment: 'isa <- decode <- engines <- machine; devices know only the bus',
      severity: 'error',
      from: { path: '^libs/riscv-core/src/(isa|decode|wasm|hart|timing)/', pathNot: '\\.spec\\.ts$' },
      to: { path: '^libs/riscv-core/src/(interp|reference|machine|devices)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default'] },
  },
};
