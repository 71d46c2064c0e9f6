/** The worker's configuration: read once from the environment, checked, frozen. */
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { InputError, parseInput } from '#libs/contracts';
import { z } from 'zod';

const environmentSchema = z.object({
  DVFARM_CONTROLLER_URL: z.url({ protocol: /^https?$/ }).default('http://127.0.0.1:3000'),
  /** File with the token that lets a worker register; it is a file so that it shows in no process list. */
  DVFARM_WORKER_TOKEN_FILE: z.string().min(1),
  /** Simulations at the same time; each keeps one processor busy. */
  DVFARM_WORKER_SLOTS: z.coerce.number().int().min(1).max(256).default(1),
  DVFARM_WORKER_NAME: z.string().min(1).max(100).optional(),
  /** After SIGTERM the worker is gone within this time, whatever hangs. */
  DVFARM_WORKER_GRACE_MS: z.coerce.number().int().min(100).max(600_000).default(8000),
  DVFARM_LOG_FORMAT: z.enum(['text', 'json']).default('text'),
});

export class WorkerConfig {
  readonly controllerUrl: string;
  readonly joinToken: string;
  readonly slots: number;
  readonly name: string;
  readonly graceMs: number;
  readonly logFormat: 'text' | 'json';

  /** @throws InputError naming each wrong variable. */
  constructor(environment: NodeJS.ProcessEnv) {
    const read = parseInput(environmentSchema, environment, 'environment');
    this.controllerUrl = read.DVFARM_CONTROLLER_URL;
    this.joinToken = readToken(read.DVFARM_WORKER_TOKEN_FILE);
    this.slots = read.DVFARM_WORKER_SLOTS;
    this.name = read.DVFARM_WORKER_NAME ?? `${hostname()}-${String(process.pid)}`;
    this.graceMs = read.DVFARM_WORKER_GRACE_MS;
    this.logFormat = read.DVFARM_LOG_FORMAT;
    Object.freeze(this);
  }
}

function readToken(file: string): string {
  const at = ['DVFARM_WORKER_TOKEN_FILE'];
  const wrong = (found: string): InputError =>
    new InputError('environment', [
      { path: at.join(), at, found, expected: "a readable file with the controller's worker token" },
    ]);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw wrong(`${file}: ${(error as NodeJS.ErrnoException).code ?? 'unreadable'}`);
  }
  if (text === '') throw wrong(`${file}: empty`);
  return text;
}
