import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from './lock.js';
import { Service } from './service.js';

let directory: string;
const services: Service[] = [];
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'a service '))));
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
  rmSync(directory, { recursive: true });
});

function started(script: string, options: { restarts?: number; stopDeadlineMs?: number } = {}): Service {
  const program = join(directory, 'program.mjs');
  writeFileSync(program, script);
  const service = new Service({
    name: 'thing',
    program,
    environment: { MARK: join(directory, 'mark') },
    logFile: join(directory, 'logs', 'thing.log'),
    restarts: options.restarts ?? 0,
    ...(options.stopDeadlineMs === undefined ? {} : { stopDeadlineMs: options.stopDeadlineMs }),
  });
  services.push(service);
  return service;
}

const ready = `process.send({ kind: 'ready' }); setInterval(() => {}, 1000);`;

describe('a service', () => {
  it('is ready when it says so, writes to its log, and ends when asked to', async () => {
    const service = started(`console.log('hello'); process.on('SIGTERM', () => process.exit(0)); ${ready}`);
    await service.ready(10_000);
    await service.stop();
    expect(isAlive(service.pid)).toBe(false);
    expect(readFileSync(join(directory, 'logs', 'thing.log'), 'utf8')).toBe('hello\n');
  });

  it('that ends before it is ready is reported with its last line', async () => {
    const service = started(`console.error('first'); console.error('cannot do it'); process.exit(3);`);
    await expect(service.ready(10_000)).rejects.toThrow(
      /thing ended \(exit code 3\): cannot do it \(log: .*thing\.log\)/,
    );
  });

  it('that refuses its input passes on its own line and the exit code of bad input', async () => {
    const service = started(`console.error('controller: DVFARM_PORT: found 3, expected another'); process.exit(2);`);
    await expect(service.ready(10_000)).rejects.toMatchObject({
      message: 'DVFARM_PORT: found 3, expected another',
      exitCode: 2,
    });
  });

  it('that is not ready in time is reported as such', async () => {
    await expect(started(`setInterval(() => {}, 1000);`).ready(50)).rejects.toThrow('thing: not ready after 0.05 s');
  });

  it('that does not listen to SIGTERM is killed', async () => {
    const service = started(`process.on('SIGTERM', () => {}); ${ready}`, { stopDeadlineMs: 50 });
    await service.ready(10_000);
    await service.stop();
    expect(isAlive(service.pid)).toBe(false);
  });

  it('is started again when it was killed, as often as allowed, and not after stop', async () => {
    const service = started(ready, { restarts: 1 });
    await service.ready(10_000);
    const first = service.pid;
    process.kill(first, 'SIGKILL');
    await vi.waitFor(() => expect(service.pid).not.toBe(first));
    const second = service.pid;
    await service.ready(10_000);
    process.kill(second, 'SIGKILL');
    await service.ended;
    expect(service.pid).toBe(second);
  });

  it('that refuses its input is not started again', async () => {
    const service = started(`process.exit(2);`, { restarts: 5 });
    const { pid } = service;
    await service.ended;
    expect(service.pid).toBe(pid);
  });

  it('learns of the end of its parent through the channel', async () => {
    const child = join(directory, 'child.mjs');
    writeFileSync(
      child,
      `import { writeFileSync } from 'node:fs'; process.on('disconnect', () => { writeFileSync(process.env.MARK, 'gone'); process.exit(0); }); ${ready}`,
    );
    const parent = started(
      `import { spawn } from 'node:child_process';
       const child = spawn(process.execPath, [${JSON.stringify(child)}], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], detached: true });
       child.on('message', () => process.send({ kind: 'ready' })); setInterval(() => {}, 1000);`,
    );
    await parent.ready(10_000);
    process.kill(parent.pid, 'SIGKILL');
    await vi.waitFor(() => expect(existsSync(join(directory, 'mark'))).toBe(true), { timeout: 10_000 });
  });
});
