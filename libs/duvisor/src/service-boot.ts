/** Boot plans of the services: natively, and in a virtual machine under either hypervisor. */
import { serviceVmMiB, type RunSpec, type ServiceWorkload } from '#libs/contracts';
import {
  memoryMap,
  recordedPeer,
  resolveConfig,
  type BootImages,
  type DeviceClock,
  type FarEnd,
  type LinkPeer,
  type MachineOptions,
} from '#libs/riscv-core';
import type { BootPlan } from './boot-plan.js';
import { writeCpio } from './cpio.js';
import type { ImageStore } from './images.js';
import { createLoadGenerator, type LoadGenerator } from './loadgen/load-generator.js';
import { staticFiles } from './loadgen/static-files.js';
import type { FileSet, LoadMark, LoadSpec } from './loadgen/load-spec.js';
import {
  cycleLimitOf,
  loadSpecOf,
  poweroffImage,
  poweroffPath,
  serviceGuests,
  serviceImage,
} from './service-guests.js';

/** Of the far end in snapshots. */
export const LOAD_KIND = 'load generator';

export type ServiceSpec = RunSpec & { readonly workload: ServiceWorkload };

/** The far end of the machine's link, and what ends a run that does not end by itself. */
export class ServiceLoad {
  readonly spec: LoadSpec;
  readonly generator: LoadGenerator;
  /** Target cycle at which a run that has not ended is given up. */
  readonly cycleLimit: number;
  /** Set by whoever runs the machine, before it starts. */
  onMark: (mark: LoadMark, cycle: number) => void = () => undefined;
  onLimit: () => void = () => undefined;

  constructor(
    workload: ServiceWorkload,
    seed: number,
    readonly cyclesPerSecond: number,
  ) {
    this.spec = loadSpecOf(workload);
    this.cycleLimit = cycleLimitOf(workload, cyclesPerSecond);
    this.generator = createLoadGenerator(this.spec, seed, {
      cyclesPerSecond,
      onMark: (mark, cycle) => this.onMark(mark, cycle),
    });
  }

  /** The generator as the machine sees it, with the limit on the machine's own clock. `recorded`: it may become part of a snapshot. */
  peer(recorded: boolean): LinkPeer {
    const peer: FarEnd = {
      connect: (send: (frame: Uint8Array) => void, clock: DeviceClock) => {
        clock.at(this.cycleLimit, () => this.onLimit());
        this.generator.connect(send, clock);
      },
      receive: (frame, cycle) => this.generator.receive(frame, cycle),
    };
    return recorded ? recordedPeer(LOAD_KIND, peer) : peer;
  }
}

/** Throws ConfigError or ImageError when the run cannot be set up. */
export function planServiceBoot(
  spec: ServiceSpec,
  images: ImageStore,
  options: MachineOptions,
  recorded: boolean,
): BootPlan {
  const bare = resolveConfig(options);
  const load = new ServiceLoad(spec.workload, spec.seed, bare.cyclesPerTick * bare.timebaseHz);
  const files = load.spec.files;
  return {
    config: resolveConfig({
      ...options,
      net: { peer: load.peer(recorded) },
      ...(files === undefined ? {} : { block: { image: diskImage(files) } }),
    }),
    images: spec.hypervisor === 'native' ? nativeImages(spec, images) : virtualImages(spec, images),
    labels: [],
    load,
  };
}

function nativeImages(spec: ServiceSpec, images: ImageStore): BootImages {
  return {
    elf: { name: 'firmware.elf', bytes: images.read('firmware.elf') },
    raw: [{ name: 'vm.bin', bytes: images.read('vm.bin'), address: BigInt(memoryMap.kernel.base) }],
    initrd: { name: 'guest.cpio', bytes: guestArchive(spec, images) },
    append: guestArguments(spec),
  };
}

function virtualImages(spec: ServiceSpec, images: ImageStore): BootImages {
  return {
    elf: { name: 'firmware.elf', bytes: images.read('firmware.elf') },
    raw: [{ name: 'host.bin', bytes: images.read('host.bin'), address: BigInt(memoryMap.kernel.base) }],
    initrd: {
      name: 'initrd',
      bytes: writeCpio([
        { path: '/vmm', mode: 0o755, data: images.read('vmm.elf') },
        { path: '/vm.bin', mode: 0o644, data: images.read('vm.bin') },
        { path: '/guest.cpio', mode: 0o644, data: guestArchive(spec, images) },
      ]),
    },
    append: hostArguments(spec),
  };
}

/** The guest's initramfs: the service, and what powers the guest off when the load generator says so. */
function guestArchive({ workload }: ServiceSpec, images: ImageStore): Uint8Array {
  const [path = ''] = serviceGuests[workload.name].argv;
  return writeCpio([
    { path: poweroffPath, mode: 0o755, data: images.read(poweroffImage) },
    { path, mode: 0o755, data: images.read(serviceImage(workload.name)) },
  ]);
}

/** Command line of the guest kernel, the same natively and in a virtual machine. The seed moves page placement and start. */
export function guestArguments({ workload, seed }: ServiceSpec): string {
  const run = serviceGuests[workload.name].argv.join(',');
  return `ip=10.0.2.15/24 seed=${seed} run=${poweroffPath} run=${run}`;
}

/** Command line of the host kernel; everything behind `--` is the argument vector of init, the VMM. */
export function hostArguments(spec: ServiceSpec): string {
  const vmm = [
    `--accel ${spec.hypervisor}`,
    '--kernel /vm.bin',
    '--initrd /guest.cpio',
    ...('files' in spec.workload.params ? ['--block /dev/vda'] : []),
    '--vmtap tap0',
    `--memory ${serviceVmMiB}`,
    '--smp 1',
    `--append "${guestArguments(spec)}"`,
  ];
  return `init=/vmm seed=${spec.seed} -- ${vmm.join(' ')}`;
}

const SECTOR = 512;

/** A cpio archive of the web server's files, filled up to a whole number of sectors. */
export function diskImage(files: FileSet): Uint8Array {
  const archive = writeCpio(staticFiles(files).map(({ path, data }) => ({ path, mode: 0o644, data })));
  const image = new Uint8Array(Math.ceil(archive.length / SECTOR) * SECTOR);
  image.set(archive);
  return image;
}
