/** From a run's specification to a machine and what is loaded into it. */
import { isService, type MicroWorkload, type RunSpec } from '#libs/contracts';
import {
  labelsOf,
  memoryMap,
  parseSymbolFile,
  resolveConfig,
  type BootImages,
  type ImageMode,
  type Label,
  type MachineConfig,
  type MachineOptions,
} from '#libs/riscv-core';
import { writeCpio } from './cpio.js';
import type { ImageStore } from './images.js';
import { planServiceBoot, type ServiceLoad } from './service-boot.js';

export interface BootPlan {
  readonly config: MachineConfig;
  readonly images: BootImages;
  /** Labels to observe, each in the mode its image runs in. None when marks of the load generator begin and end the measurement. */
  readonly labels: readonly Label[];
  /** Of a service: who sends the requests. */
  readonly load?: ServiceLoad;
}

const MiB = 1024 * 1024;
const PAGE = 4096;
/** Smallest guest the VMM takes; enough for a guest that touches only its own image. */
const GUEST_MIB = 64;
/** Of a guest whose memory is sized by what it touches: image, device tree, rounding. */
const GUEST_OWN_MIB = 8;

/** `saved`: the machine may become a snapshot. Throws ConfigError or ImageError when the run cannot be set up. */
export function planBoot(spec: RunSpec, images: ImageStore, saved = false): BootPlan {
  const { workload } = spec;
  return isService(workload)
    ? planServiceBoot({ ...spec, workload }, images, machineOptions(spec), saved)
    : planMicroBoot({ ...spec, workload }, images);
}

function machineOptions({ machine, seed }: RunSpec): MachineOptions {
  const { preset, harts, memoryMiB, timing, dvext, quantum, set } = machine;
  return { machine: preset, harts, memoryBytes: memoryMiB * MiB, timing, dvext, quantum, set, seed };
}

type MicroSpec = RunSpec & { readonly workload: MicroWorkload };

function planMicroBoot(spec: MicroSpec, images: ImageStore): BootPlan {
  const guest = `guest-${spec.workload.name}`;
  const read = (name: string): { name: string; bytes: Uint8Array } => ({ name, bytes: images.read(name) });
  const labels = (image: string, mode: ImageMode): Label[] => {
    const name = `${image}.sym`;
    return labelsOf(parseSymbolFile(new TextDecoder().decode(images.read(name)), name), mode);
  };
  return {
    config: resolveConfig(machineOptions(spec)),
    images: {
      elf: read('firmware.elf'),
      raw: [{ ...read('host.bin'), address: BigInt(memoryMap.kernel.base) }],
      initrd: {
        name: 'initrd',
        bytes: writeCpio([
          { path: '/vmm', mode: 0o755, data: images.read('vmm.elf') },
          { path: '/guest.elf', mode: 0o644, data: images.read(`${guest}.elf`) },
        ]),
      },
      append: bootArguments(spec),
    },
    labels: [...labels('firmware', 'M'), ...labels('host', 'HS'), ...labels('vmm', 'U'), ...labels(guest, 'guest')],
  };
}

/** Everything behind `--` is the argument vector of init, the VMM. */
export function bootArguments(spec: MicroSpec): string {
  const { iterations, warmup } = spec.workload.params;
  const vmm = [
    `--accel ${spec.hypervisor}`,
    '--kernel /guest.elf',
    `--memory ${guestMiB(spec)}`,
    '--smp 1',
    `--append "iterations=${iterations} warmup=${warmup}"`,
  ];
  return `init=/vmm seed=${spec.seed} -- ${vmm.join(' ')}`;
}

function guestMiB({ workload }: MicroSpec): number {
  if (workload.name !== 'stage2-fault') return GUEST_MIB;
  const { iterations, warmup } = workload.params;
  return Math.max(GUEST_MIB, GUEST_OWN_MIB + Math.ceil(((iterations + warmup) * PAGE) / MiB));
}
