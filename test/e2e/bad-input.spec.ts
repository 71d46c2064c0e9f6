/** Bad input gets one line that names what, where and what was expected; nothing is stored (issue "First light", point 5). */
import { createServer, type Server } from 'node:net';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CampaignFileInput, campaignPageSchema, problemMediaType, problemSchema } from '#libs/contracts';
import { homeFiles } from '#libs/platform';
import { freePort } from '../../libs/platform/src/free-port.js';
import { Farm } from './farm.testkit.js';

const good: CampaignFileInput = {
  name: 'good',
  machine: { preset: 'firesim' },
  hypervisor: ['kvm'],
  workload: { name: 'hypercall', iterations: 5 },
};
const yaml = `name: good
machine: { preset: firesim }
hypervisor: [kvm, duvisor]
workload: { name: hypercall, iterations: 5 }
`;

const farm = new Farm();
afterAll(() => farm.close(), 120_000);

/** The command ends with exit code 2 and exactly one line, which matches. */
async function refused(args: readonly string[], line: RegExp, environment: Record<string, string> = {}): Promise<void> {
  const { code, stdout, stderr } = await farm.dvfarm(args, environment);
  expect.soft(code, stderr).toBe(2);
  // A service may have begun its log on standard output.
  if (args[0] !== 'controller' && args[0] !== 'worker') expect.soft(stdout).toBe('');
  expect.soft(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(line);
}

describe('a campaign file', () => {
  it.each([
    ['with an unknown key', `${yaml}seed: 3\n`, /campaign\.yaml:\d+: .*seed.*expected one of/],
    [
      'with a wrong type',
      yaml.replace('iterations: 5', 'iterations: five'),
      /campaign\.yaml:4: workload\.iterations: found "five", expected/,
    ],
    [
      'with an impossible combination',
      yaml.replace('firesim', 'virt'),
      /campaign\.yaml:2: machine\.dvext: found "none" with hypervisor "duvisor", expected/,
    ],
    [
      'with KVM on the DV-ext profile of the QEMU model',
      yaml.replace('{ preset: firesim }', '{ preset: firesim, dvext: qemu }'),
      /campaign\.yaml:2: machine\.dvext: found "qemu" with hypervisor "kvm", expected "none", "rocket" or "strict"/,
    ],
    [
      'with more memory than a machine can have',
      yaml.replace('{ preset: firesim }', '{ preset: firesim, memoryMiB: 4096 }'),
      /campaign\.yaml:2: machine\.memoryMiB: found 4096, expected a value <= 2048/,
    ],
    ['that is not YAML', 'name: {', /campaign\.yaml:\d+: found .*, expected YAML or JSON/],
  ])('%s', async (_what, text, line) => {
    const file = farm.file(text);
    await refused(['run', file], line);
    await refused(['plan', file], line);
    // Neither database nor controller was started.
    expect(readdirSync(farm.home).filter((name) => name !== 'campaign.yaml')).toEqual([]);
  });

  it('that is not there', () =>
    refused(['run', join(farm.home, 'none.yaml')], /none\.yaml: found no such file, expected/));
});

describe('the command line', () => {
  it.each([
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['an unknown option', ['run', 'x.yaml', '--frob'], /unknown option '--frob'/],
    ['a missing argument', ['run'], /missing required argument 'file'/],
    [
      'a number that is none',
      ['run', 'x.yaml', '--workers', 'many'],
      /--workers: found "many", expected a whole number from 1 to 64/,
    ],
    [
      'a URL that is none',
      ['campaign', 'list', '--controller', 'localhost'],
      /--controller: found "localhost", expected/,
    ],
    [
      'a token file that is not there',
      ['worker', '--controller', 'http://127.0.0.1:1', '--token-file', '/none'],
      /DVFARM_WORKER_TOKEN_FILE: found \/none: ENOENT, expected/,
    ],
  ])('%s', (_what, args, line) => refused(args, line));
});

describe('the bare machine', () => {
  it.each([
    ['a missing file', () => ['exec', '/none.elf'], /\/none\.elf/],
    ['a file that is no ELF', (_: string, text: string) => ['exec', text], /not-elf/],
    ['a truncated ELF', (elf: string) => ['exec', elf], /truncated\.elf/],
    [
      'overlapping load ranges',
      (_: string, text: string) => ['exec', '--load', `${text}@0x80000000`, '--load', `${text}@0x80000002`],
      /overlap/,
    ],
  ])('%s', async (_what, args, line) => {
    const text = join(farm.home, 'not-elf');
    writeFileSync(text, 'this is text');
    const elf = join(farm.home, 'truncated.elf');
    const head = Buffer.alloc(64);
    // An ELF header that promises one program header and has none.
    head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1], 0);
    head.writeUInt16LE(2, 16);
    head.writeUInt16LE(243, 18);
    head.writeUInt32LE(1, 20);
    head.writeBigUInt64LE(64n, 32);
    head.writeUInt16LE(64, 52);
    head.writeUInt16LE(56, 54);
    head.writeUInt16LE(1, 56);
    writeFileSync(elf, head);
    await refused(args(elf, text), line);
  });
});

describe('the surroundings', () => {
  let taken: Server;
  let port: number;
  beforeAll(async () => {
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    port = typeof address === 'object' && address !== null ? address.port : 0;
  });
  afterAll(() => new Promise((resolve) => taken.close(resolve)));

  it('a port in use', async () => {
    await refused(
      ['controller', '--port', String(port)],
      /DVFARM_PORT: found \d+, in use on 127\.0\.0\.1, expected a free port/,
    );
  });

  it('an unreachable database', async () => {
    const url = `postgresql://u:secret@127.0.0.1:${String(await freePort())}/d`;
    const { stderr } = await farm.dvfarm(['controller', '--port', '0'], { DATABASE_URL: url });
    expect(stderr).not.toContain('secret');
    await refused(
      ['controller', '--port', '0', '--database-url', url],
      /DATABASE_URL: found postgresql:.*ECONNREFUSED.*, expected a reachable/,
    );
  });

  it('an unreachable Redis', async () => {
    const url = `redis://127.0.0.1:${String(await freePort())}`;
    await refused(['controller', '--port', '0', '--redis-url', url], /REDIS_URL: found redis:.*, expected a reachable/);
  });

  it('a setting that is no number', () =>
    refused(['controller'], /DVFARM_PORT: found .*, expected/, { DVFARM_PORT: 'http' }));
});

describe('the API', () => {
  beforeAll(() => farm.controller(), 90_000);

  const post = async (body: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${farm.controllerUrl()}/api/v1/campaigns`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${apiKey()}`, ...headers },
    });
  const apiKey = (): string => {
    const { apiKey: file } = homeFiles(farm.home);
    expect(existsSync(file)).toBe(true);
    return readText(file);
  };

  it.each([
    ['no JSON', '{', 400],
    ['an unknown key beside the file', JSON.stringify({ file: good, frob: 1 }), 4],
    ['an unknown key in the file', JSON.stringify({ file: { ...good, frob: 1 } }), 4],
    ['a wrong type', JSON.stringify({ file: { ...good, seeds: 'many' } }), 4],
    [
      'an impossible combination',
      JSON.stringify({ file: { ...good, machine: { preset: 'virt' }, hypervisor: 'duvisor' } }),
      4,
    ],
    [
      'a parameter no model has',
      JSON.stringify({ file: { ...good, machine: { preset: 'firesim', set: { 'l9.sets': 3 } } } }),
      4,
    ],
  ])('answers %s with a problem document', async (_what, body, status) => {
    const answer = await post(body);
    expect(status > 9 ? answer.status : Math.floor(answer.status / 100)).toBe(status);
    expect(answer.headers.get('content-type')).toContain(problemMediaType);
    const problem = problemSchema.parse(await answer.json());
    expect(problem.status).toBe(answer.status);
    expect(problem.detail).not.toBe('');
  });

  it('refuses a wrong key, and a worker with a wrong token', async () => {
    expect((await post(JSON.stringify({ file: good }), { authorization: 'Bearer nonsense' })).status).toBe(401);
    const token = join(farm.home, 'wrong-token');
    writeFileSync(token, 'nonsense');
    await refused(['worker', '--controller', farm.controllerUrl(), '--token-file', token], /refused by the controller/);
  });

  it('has stored nothing of all that', async () => {
    const { items } = await farm.api().call('/campaigns', campaignPageSchema);
    expect(items).toEqual([]);
  });
});

function readText(file: string): string {
  return readFileSync(file, 'utf8').trim();
}
