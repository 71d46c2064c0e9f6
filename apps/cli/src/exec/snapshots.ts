/** Snapshots on the simulation host: files, zlib, and when one is taken. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { takeSnapshot, type BuiltMachine, type Compression } from '#libs/riscv-core';
import { writeParts } from './files.js';
import type { Milestone } from './milestones.js';
import type { ExecOptions } from './options.js';

/** Level 3: half the time of the default for a tenth more bytes of a booted kernel's memory. */
export const zlib: Compression = {
  compress: (bytes) => deflateRawSync(bytes, { level: 3 }),
  decompress: (bytes, size) => {
    const out = inflateRawSync(bytes, { maxOutputLength: Math.max(size, 1) });
    if (out.length !== size) throw new RangeError(`snapshot: ${out.length} bytes in a piece of ${size}`);
    return out;
  },
};

/** Takes the snapshot that the options ask for, once. */
export class SnapshotWriter implements Milestone {
  taken = false;

  constructor(
    private readonly built: BuiltMachine,
    private readonly out: NonNullable<ExecOptions['snapshotOut']>,
  ) {}

  get cycle(): number {
    return this.out.at?.unit === 'cycle' && !this.taken ? this.out.at.value : Infinity;
  }

  get instret(): number {
    return this.out.at?.unit === 'instret' && !this.taken ? this.out.at.value : Infinity;
  }

  reached(): void {
    writeParts(this.out.file, takeSnapshot(this.built, zlib));
    this.taken = true;
  }

  /** The run was stopped by its limit. */
  stopped(): void {
    if (this.out.at === undefined) this.reached();
  }

  /** For a run that ended before; undefined: it was taken. */
  missed(): string | undefined {
    if (this.taken) return undefined;
    const { at } = this.out;
    const point = at === undefined ? 'the instruction limit' : `${at.unit} ${at.value}`;
    return `--snapshot-out: no snapshot, the machine ended before ${point}`;
  }
}
