import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { WorkerConfig } from './config.js';

const directory = mkdtempSync(join(tmpdir(), 'worker-config-'));
const tokenFile = join(directory, 'token');
writeFileSync(tokenFile, 'secret\n');
const emptyFile = join(directory, 'empty');
writeFileSync(emptyFile, '\n');
afterAll(() => rmSync(directory, { recursive: true }));

describe('the worker’s configuration', () => {
  it('has defaults for everything but the token', () => {
    const config = new WorkerConfig({ DVFARM_WORKER_TOKEN_FILE: tokenFile });
    expect(config).toMatchObject({
      controllerUrl: 'http://127.0.0.1:3000',
      joinToken: 'secret',
      slots: 1,
      logFormat: 'text',
    });
  });

  it.each([
    [{ DVFARM_WORKER_TOKEN_FILE: join(directory, 'none') }, /DVFARM_WORKER_TOKEN_FILE: found .*none: ENOENT, expected/],
    [{ DVFARM_WORKER_TOKEN_FILE: emptyFile }, /DVFARM_WORKER_TOKEN_FILE: found .*: empty, expected/],
    [{}, /DVFARM_WORKER_TOKEN_FILE: found nothing, expected/],
    [{ DVFARM_WORKER_TOKEN_FILE: tokenFile, DVFARM_WORKER_SLOTS: '0' }, /DVFARM_WORKER_SLOTS: found .*0.*, expected/],
    [
      { DVFARM_WORKER_TOKEN_FILE: tokenFile, DVFARM_CONTROLLER_URL: 'ftp://x' },
      /DVFARM_CONTROLLER_URL: found .*ftp.*, expected/,
    ],
  ])('refuses %j by name', (environment, message) => {
    expect(() => new WorkerConfig(environment)).toThrow(message);
  });
});
