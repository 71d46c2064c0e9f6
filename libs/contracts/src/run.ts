import { z } from 'zod';
import { canonicalJson, type JsonValue } from './canonical-json.js';
import { addIssue } from './input-error.js';
import { sha256Schema, strictObject } from './strict-object.js';
import { machineSchema } from './target-config.js';
import { hypervisorSchema, isService, workloadSchema, type ServiceWorkload } from './workload.js';

/** Engines agree to the last cycle, so the engine is not part of a run's identity. */
export const engineSchema = z.enum(['interpreter', 'reference', 'jit']);
export type Engine = z.infer<typeof engineSchema>;
/** Of a campaign that does not name one: the fastest. */
export const defaultEngine: Engine = 'jit';

/** Page placement, start skew and client arrival follow the seed. */
export const seedSchema = z.int().min(0).max(0x7fff_ffff);

/** Target memory that firmware, host kernel and VMM keep for themselves; the rest backs the guest. */
export const hostReservedMiB = 96;
const pageBytes = 4096;
/** Memory of the virtual machine that a service runs in. */
export const serviceVmMiB = 128;
/**
 * Most that a service keeps of the load generator's data. Its own limit (memcached -m 64) is well above: values of many sizes
 * take a slab page of 1 MiB for each size class.
 */
export const serviceDataBytes = 8 * 1024 * 1024;

/** Everything the user decides about one run; with the software's digests it decides the result. */
export const runSpecSchema = strictObject({
  machine: machineSchema,
  hypervisor: hypervisorSchema,
  workload: workloadSchema,
  seed: seedSchema,
}).superRefine((spec, context) => {
  for (const conflict of impossibleCombinations(spec))
    addIssue(context, conflict.at, conflict.found, conflict.expected);
});
export type RunSpec = z.infer<typeof runSpecSchema>;

export interface Conflict {
  at: ['machine' | 'hypervisor' | 'workload', ...string[]];
  found: string;
  expected: string;
}

/** Combinations that each field allows and that cannot run together. Empty for a spec that can run. */
export function impossibleCombinations(spec: {
  machine: z.infer<typeof machineSchema>;
  hypervisor: z.infer<typeof hypervisorSchema>;
  workload: z.infer<typeof workloadSchema>;
}): Conflict[] {
  const { machine, hypervisor, workload } = spec;
  const conflicts: Conflict[] = [];
  if (hypervisor === 'duvisor' && machine.dvext === 'none')
    conflicts.push({
      at: ['machine', 'dvext'],
      found: '"none" with hypervisor "duvisor"',
      expected: '"rocket", "strict" or "qemu": DuVisor runs in HU-mode, which DV-ext adds',
    });
  if (hypervisor === 'kvm' && machine.dvext === 'qemu')
    conflicts.push({
      at: ['machine', 'dvext'],
      found: '"qemu" with hypervisor "kvm"',
      expected: '"none", "rocket" or "strict": with "qemu" every guest translates through hugatp, which KVM never sets',
    });
  if (machine.harts > 1)
    conflicts.push({
      at: ['machine', 'harts'],
      found: `${machine.harts} with workload "${workload.name}"`,
      expected: '1: the guests that exist use one vCPU',
    });
  if (hypervisor !== 'kvm')
    for (const name of Object.keys(machine.set).filter((key) => key.startsWith('kvm.')))
      conflicts.push({
        at: ['machine', 'set', name],
        found: `${name} with hypervisor "${hypervisor}"`,
        expected: 'parameters named kvm.* only where the hypervisor is "kvm"',
      });
  if (isService(workload)) return [...conflicts, ...serviceConflicts(machine.memoryMiB, hypervisor, workload)];
  if (hypervisor === 'native')
    conflicts.push({
      at: ['hypervisor'],
      found: `"native" with workload "${workload.name}"`,
      expected: '"kvm" or "duvisor": the operation of this guest is a VM exit',
    });
  const pages = workload.params.iterations + workload.params.warmup;
  const room = Math.floor(((machine.memoryMiB - hostReservedMiB) * 1024 * 1024) / pageBytes);
  if (workload.name === 'stage2-fault' && pages > room)
    conflicts.push({
      at: ['workload', 'params', 'iterations'],
      found: `${pages} fresh pages (iterations + warmup) with machine.memoryMiB ${machine.memoryMiB}`,
      expected: `at most ${room}: each operation of "stage2-fault" touches one new page of guest memory`,
    });
  return conflicts;
}

function serviceConflicts(memoryMiB: number, hypervisor: string, { name, params }: ServiceWorkload): Conflict[] {
  const conflicts: Conflict[] = [];
  const refuse = (at: Conflict['at'], found: string, expected: string): unknown =>
    conflicts.push({ at, found, expected });
  const least = serviceVmMiB + (hypervisor === 'native' ? 0 : hostReservedMiB);
  if (memoryMiB < least)
    refuse(
      ['machine', 'memoryMiB'],
      `${memoryMiB} with workload "${name}" under "${hypervisor}"`,
      `at least ${least}: the guest has ${serviceVmMiB} MiB`,
    );
  if ('files' in params) {
    const most = params.files.count * params.files.bytes.max;
    if (most > serviceDataBytes)
      refuse(
        ['workload', 'params', 'files'],
        `up to ${most} bytes of files`,
        `count times bytes.max at most ${serviceDataBytes}`,
      );
    return conflicts;
  }
  const { keys, connections, keyBytes, valueBytes, pipeline } = params;
  if (connections > keys)
    refuse(
      ['workload', 'params', 'connections'],
      `${connections} with keys ${keys}`,
      'at most as many as keys: each connection has keys of its own, so that every reply can be foretold',
    );
  const most = keys * (keyBytes.max + valueBytes.max);
  if (most > serviceDataBytes)
    refuse(
      ['workload', 'params', 'keys'],
      `up to ${most} bytes of keys and values`,
      `keys times (keyBytes.max + valueBytes.max) at most ${serviceDataBytes}: the service may not have to forget any`,
    );
  if ('transport' in params && params.transport === 'udp' && pipeline > 1)
    refuse(['workload', 'params', 'pipeline'], `${pipeline} with transport "udp"`, '1: datagrams have no order');
  return conflicts;
}

/** The software of a run by content: image name (`firmware.elf`) -> sha256, and the built simulator. */
export const softwareSchema = strictObject({ images: z.record(z.string(), sha256Schema), simulator: sha256Schema });
export type Software = z.infer<typeof softwareSchema>;

/** What the run key is the sha256 of. `format` changes when the meaning of a field does. */
export function runKeyText(spec: RunSpec, software: Software): string {
  const input: JsonValue = { format: 1, ...spec, images: software.images, simulator: software.simulator };
  return canonicalJson(input);
}

/** What a point's key is the sha256 of: the run without its seed, and without the software. */
export function pointKeyText(spec: Pick<RunSpec, 'machine' | 'hypervisor' | 'workload'>): string {
  return canonicalJson({ machine: spec.machine, hypervisor: spec.hypervisor, workload: spec.workload });
}
