/** A run as a file: its machine, and beside it what its result is made of. Goes on as it would have without a stop, on any engine. */
import type { RunSpec } from '#libs/contracts';
import { ConfigError, readSnapshot, type Compression, type MeasuredSoFar, type NamedBytes } from '#libs/riscv-core';
import { isDeepStrictEqual } from 'node:util';
import { simulatorDigest } from './simulator-digest.js';

/** Part of a snapshot's file. */
export interface SavedRun {
  /** What has happened to the load generator is told again to this build's: it must be the same. */
  readonly simulator: string;
  readonly spec: RunSpec;
  /** Name -> SHA-256. */
  readonly images: Readonly<Record<string, string>>;
  readonly console: ConsoleState;
  readonly measured: MeasuredSoFar;
}

export interface ConsoleState {
  readonly bytes: Uint8Array;
  readonly dropped: number;
}

export interface SaveOptions {
  /** Saved when the machine's time has reached it; a run that ends before is not saved. */
  readonly atCycle: number;
  readonly compression: Compression;
  /** The parts in order are the file. */
  readonly write: (parts: readonly Uint8Array[]) => void;
}

export interface ResumeOptions {
  readonly file: NamedBytes;
  readonly compression: Compression;
}

/** The snapshot of a run of this specification and these images. Throws ConfigError for any other. */
export function readSavedRun(
  { file, compression }: ResumeOptions,
  spec: RunSpec,
  images: Readonly<Record<string, string>>,
): { readonly restore: ReturnType<typeof readSnapshot>['restore']; readonly saved: SavedRun } {
  const { attached, restore } = readSnapshot(file, compression);
  if (attached === undefined) throw new ConfigError(file.name, 'the snapshot of a bare machine', 'one of a run');
  const saved = attached as SavedRun;
  if (saved.simulator !== simulatorDigest())
    throw new ConfigError(file.name, 'a snapshot of a run by another build', 'one of this build: make it again');
  if (!isDeepStrictEqual(plain(saved.spec), plain(spec)))
    throw new ConfigError(file.name, 'a snapshot of another run', 'one of this specification');
  if (!isDeepStrictEqual(plain(saved.images), plain(images)))
    throw new ConfigError(
      file.name,
      'a snapshot of a run of other images',
      `one of these: ${Object.keys(images).join(', ')}`,
    );
  return { restore, saved };
}

/** As JSON tells it: the file holds no prototypes and no undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
