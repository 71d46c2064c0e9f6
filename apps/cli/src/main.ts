/**
 * The command line. Every command is imported when it is called: `exec` loads neither Nest nor Prisma nor the queue and starts at once.
 *
 * Exit codes: 0 done (and, for a campaign, every check that must hold does), 1 not, 2 bad input, 130 interrupted.
 */
import { Command, CommanderError } from 'commander';
import { followBranchHints } from '#libs/wasm-hints';
import { exitCodes, explain } from './errors.js';
import { packageRoot } from './paths.js';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Before anything compiles WebAssembly.
followBranchHints();

const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string };

const program = new Command('dvfarm')
  .description('DuVisor versus KVM on an emulated RISC-V machine with a cycle model')
  .version(manifest.version)
  .exitOverride()
  .configureOutput({ writeErr: (text) => process.stderr.write(text.replace(/^error: /, 'dvfarm: ')) })
  .showSuggestionAfterError();

/** For the list of commands only: `exec` reads its own arguments, see the end of this file. */
program.command('exec').description('run a program on the bare machine (dvfarm exec --help)');

const home = ['--home <directory>', 'state directory (default: $DVFARM_HOME, or .dvfarm of the checkout)'] as const;

program
  .command('run')
  .description('run a campaign: start what is not running, submit, watch, print the report, stop what was started')
  .argument('<file>', 'campaign file (YAML or JSON)')
  .option('--no-cache', 'run again what has an answer already, and compare')
  .option('--workers <n>', 'worker processes to start', wholeNumber('--workers', 1, 64))
  .option('--engine <engine>', 'jit (default), interpreter or reference; all give the same cycles')
  .option('--json', 'print the report as JSON')
  .option(...home)
  .action(async (file: string, options: object) => {
    const { run } = await import('./commands/run.js');
    process.exitCode = await run(file, options);
  });

program
  .command('up')
  .description('start controller and workers and keep them up until interrupted')
  .option('--workers <n>', 'worker processes to start', wholeNumber('--workers', 0, 64))
  .option('--port <n>', 'port of the controller (default: a free one)', wholeNumber('--port', 1, 65535))
  .option(...home)
  .action(async (options: object) => {
    const { up } = await import('./commands/up.js');
    process.exitCode = await up(options);
  });

program
  .command('plan')
  .description('show what a campaign would run, before anything runs')
  .argument('<file>', 'campaign file (YAML or JSON)')
  .option('--json', 'print JSON')
  .option(...home)
  .action(async (file: string, options: object) => {
    const { plan } = await import('./commands/plan.js');
    process.exitCode = await plan(file, options);
  });

const campaign = program.command('campaign').description('campaigns of a running cluster');
const reach = (command: Command): Command =>
  command
    .option('--controller <url>', 'controller (default: $DVFARM_CONTROLLER_URL, or the one of the state directory)')
    .option('--key-file <file>', 'file with the API key (default: that of the state directory)')
    .option(...home);

reach(campaign.command('submit').description('submit a campaign and return').argument('<file>'))
  .option('--no-cache', 'run again what has an answer already, and compare')
  .option('--engine <engine>', 'jit (default), interpreter or reference; all give the same cycles')
  .option('--json', 'print JSON')
  .action(async (file: string, options: object) => {
    const { submit } = await import('./commands/campaign.js');
    process.exitCode = await submit(file, options);
  });
reach(campaign.command('list').description('newest first'))
  .option('--json', 'print JSON')
  .action(async (options: object) => {
    const { list } = await import('./commands/campaign.js');
    process.exitCode = await list(options);
  });
reach(campaign.command('show').description('one campaign and its runs').argument('<id>', 'id or number'))
  .option('--json', 'print JSON')
  .action(async (id: string, options: object) => {
    const { show } = await import('./commands/campaign.js');
    process.exitCode = await show(id, options);
  });
reach(campaign.command('watch').description('follow a campaign to its end').argument('<id>', 'id or number')).action(
  async (id: string, options: object) => {
    const { watch } = await import('./commands/campaign.js');
    process.exitCode = await watch(id, options);
  },
);
reach(campaign.command('cancel').description('stop a campaign').argument('<id>', 'id or number')).action(
  async (id: string, options: object) => {
    const { cancel } = await import('./commands/campaign.js');
    process.exitCode = await cancel(id, options);
  },
);
reach(campaign.command('report').description('print the report of a campaign').argument('<id>', 'id or number'))
  .option('--format <format>', 'json, md, html, txt, csv or summary', 'summary')
  .action(async (id: string, options: object) => {
    const { report } = await import('./commands/campaign.js');
    process.exitCode = await report(id, options);
  });

program
  .command('controller')
  .description('run a controller in the foreground')
  .option('--host <address>', 'address to listen on')
  .option('--port <n>', 'port to listen on', wholeNumber('--port', 0, 65535))
  .option('--database-url <url>', 'PostgreSQL (default: $DATABASE_URL, or an embedded one)')
  .option('--redis-url <url>', 'Redis for the queue (default: $REDIS_URL, or PostgreSQL)')
  .option(...home)
  .action(async (options: object) => {
    const { controller } = await import('./commands/services.js');
    process.exitCode = await controller(options);
  });

program
  .command('worker')
  .description('run a sim-worker in the foreground')
  .option('--controller <url>', 'controller (default: $DVFARM_CONTROLLER_URL, or the one of the state directory)')
  .option('--token-file <file>', "file with the controller's worker token (default: that of the state directory)")
  .option('--slots <n>', 'simulations at the same time', wholeNumber('--slots', 1, 256))
  .option('--name <name>', 'name shown in lists')
  .option(...home)
  .action(async (options: object) => {
    const { worker } = await import('./commands/services.js');
    process.exitCode = await worker(options);
  });

program
  .command('doctor')
  .description('say what is missing on this computer')
  .option('--json', 'print JSON')
  .option(...home)
  .action(async (options: object) => {
    const { doctor } = await import('./commands/doctor.js');
    process.exitCode = await doctor(options);
  });

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'exec') {
    const { exec } = await import('./commands/exec.js');
    process.exitCode = await exec(rest);
  } else await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : exitCodes.badInput;
  else {
    const { code, lines } = explain(error);
    for (const line of lines) process.stderr.write(`dvfarm: ${line}\n`);
    process.exitCode = code;
  }
}

function wholeNumber(option: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < least || value > most)
      throw new CommanderError(
        exitCodes.badInput,
        'dvfarm.option',
        printed(`${option}: found "${text}", expected a whole number from ${String(least)} to ${String(most)}`),
      );
    return value;
  };
}

/** Commander prints its own errors when it throws them; ours have to be printed here. */
function printed(message: string): string {
  process.stderr.write(`dvfarm: ${message}\n`);
  return message;
}
