import { z } from 'zod';
import { oneOrMany, strictObject } from './strict-object.js';

/** The target: the machine that is simulated. Defaults of each preset: issue "First light", part 7. */
export const presetNames = ['firesim', 'virt'] as const;
/** `rocket` alone is its first preset. riscv-core has the presets; a test of libs/duvisor holds the two together. */
export const timingModels = [
  'rocket',
  'rocket:firesim-osdi23',
  'rocket:firesim-1ghz',
  'rocket:chipyard-huge',
  'none',
] as const;
export const dvextProfiles = ['none', 'rocket', 'strict', 'qemu'] as const;

export type PresetName = (typeof presetNames)[number];

/** Smallest: firmware, host kernel, VMM and a guest of a few MiB. Largest: what one WebAssembly memory of 4 GiB leaves (maxRamBytes of riscv-core; a test of libs/duvisor holds the two together). */
export const memoryBoundsMiB = { min: 128, max: 2048 } as const;

const presetSchema = z.enum(presetNames);
const hartsSchema = z.int().min(1).max(8);
const memorySchema = z.int().min(memoryBoundsMiB.min).max(memoryBoundsMiB.max);
const timingSchema = z.enum(timingModels);
const dvextSchema = z.enum(dvextProfiles);
/** Cycles of a hart's turn before the next hart's. */
const quantumSchema = z.int().min(1).max(1_000_000);
const settingValueSchema = z.union([z.number(), z.string().max(200), z.boolean()]);
/** Names of model parameters: `l1d.sets`, `dram.latency`. The list lives with the cycle model. */
const settingNameSchema = z
  .string()
  .regex(/^[a-z][A-Za-z0-9]*(\.[A-Za-z0-9]+)*$/, 'a dotted parameter name such as l2.latency');

/** A machine with nothing left to choose; part of the run key. */
export const machineSchema = strictObject({
  preset: presetSchema,
  harts: hartsSchema,
  memoryMiB: memorySchema,
  timing: timingSchema,
  dvext: dvextSchema,
  quantum: quantumSchema,
  set: z.record(settingNameSchema, settingValueSchema),
});
export type Machine = z.infer<typeof machineSchema>;

/** A machine as a campaign file says it: a preset and what differs; a list spans an axis. */
export const machineChoiceSchema = strictObject({
  preset: oneOrMany(presetSchema),
  harts: oneOrMany(hartsSchema).optional(),
  memoryMiB: oneOrMany(memorySchema).optional(),
  timing: oneOrMany(timingSchema).optional(),
  dvext: oneOrMany(dvextSchema).optional(),
  quantum: oneOrMany(quantumSchema).optional(),
  set: z.record(settingNameSchema, oneOrMany(settingValueSchema)).optional(),
});
export type MachineChoice = z.infer<typeof machineChoiceSchema>;

export const machinePresets: Readonly<Record<PresetName, Machine>> = {
  firesim: { preset: 'firesim', harts: 1, memoryMiB: 512, timing: 'rocket', dvext: 'rocket', quantum: 8000, set: {} },
  virt: { preset: 'virt', harts: 1, memoryMiB: 512, timing: 'none', dvext: 'none', quantum: 8000, set: {} },
};
