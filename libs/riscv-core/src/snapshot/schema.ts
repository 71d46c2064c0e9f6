/**
 * What a snapshot's bytes mean. Two builds can read each other's snapshots only if they agree on all of this: the map of the linear
 * memory, where CSRs and the cycle model keep their state, the code of the core that gives it its meaning, what a configuration says, and
 * what devices remember.
 */
import { coreModuleBase64 } from '../generated/core-module.js';
import * as csrSlots from '../hart/csr-slots.js';
import * as layout from '../hart/layout.js';
import { resolveConfig } from '../machine/config.js';
import * as timingHart from '../timing/hart-state.js';
import * as timingLimits from '../timing/limits.js';
import * as timingSlots from '../timing/parameter-slots.js';
import { Sha256 } from '../trace/sha256.js';

/** Of the file's form and of what devices remember (Device.state): raise it when either changes. */
export const SNAPSHOT_VERSION = 2;

let digest: string | undefined;

/** 64 hex digits; equal in builds that can read each other's snapshots. */
export function stateSchema(): string {
  digest ??= describe();
  return digest;
}

function describe(): string {
  const config = resolveConfig({});
  const parts = [
    [layout, csrSlots, timingHart, timingLimits, timingSlots].map((names) => Object.entries(names).sort()),
    Object.keys(config).sort(),
    Object.keys(config.isa).sort(),
    coreModuleBase64,
  ];
  return new Sha256().update(new TextEncoder().encode(JSON.stringify(parts))).digest();
}
