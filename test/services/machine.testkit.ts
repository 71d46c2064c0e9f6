/**
 * The guest's services where they belong: on the simulated machine, natively or in a virtual machine, at the far end of a link
 * that may be bad. The same questions can be put to them as to the emulated ones (service.testkit.ts).
 */
import { machinePresets, workloadDefaults, type Hypervisor, type RunSpec, type Workload } from '#libs/contracts';
import { buildMachine, engineFactory, type Machine } from '#libs/riscv-core';
import { planBoot } from '../../libs/duvisor/src/boot-plan.js';
import { writeCpio, type ArchiveFile } from '../../libs/duvisor/src/cpio.js';
import { faultyLink, type LinkFaults } from '../../libs/duvisor/src/loadgen/faulty-link.js';
import { farEndAddress, machineAddress } from '../../libs/duvisor/src/loadgen/load-generator.js';
import { concat } from '../../libs/duvisor/src/loadgen/net/bytes.js';
import { Station } from '../../libs/duvisor/src/loadgen/net/station.js';
import type { TcpConnection, TcpEnd } from '../../libs/duvisor/src/loadgen/net/tcp-connection.js';
import { tcpTiming } from '../../libs/duvisor/src/loadgen/net/tcp-timing.js';
import { PowerOff } from '../../libs/duvisor/src/loadgen/power-off.js';
import { fromBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { Random } from '../../libs/duvisor/src/loadgen/random.js';
import { prebuiltImages } from '../../libs/duvisor/src/images.js';
import { segmentsOf, type ServiceName } from './service.testkit.js';

export interface MachineSetup {
  readonly service: ServiceName;
  readonly hypervisor: Hypervisor;
  readonly faults?: LinkFaults;
  /** What is on the disk; the web server has one. */
  readonly files?: readonly ArchiveFile[];
}

const MACHINE_MIB = 256;
const SECTOR = 512;
const ports: Readonly<Record<ServiceName, number>> = { memcached: 11_211, redis: 6379, nginx: 80 };
/** Between two looks at whether something has happened. */
const SLICE_INSTRUCTIONS = 5_000;
/** Of target time, for one thing to happen. */
const PATIENCE_SECONDS = 600;

/** A machine that runs one service until {@link stop}. */
export class MachineService {
  private readonly machine: Machine;
  private readonly station: Station;
  private readonly cyclesPerSecond: number;
  private readonly port: number;
  private console = '';

  constructor(setup: MachineSetup) {
    this.port = ports[setup.service];
    const spec = runSpec(setup);
    const { config, images } = planBoot(spec, prebuiltImages(spec));
    this.cyclesPerSecond = config.cyclesPerTick * config.timebaseHz;
    this.station = new Station({
      ...farEndAddress,
      timing: tcpTiming(this.cyclesPerSecond),
      arpInterval: Math.ceil(this.cyclesPerSecond / 100),
      random: new Random(setup.faults?.seed ?? 0, 'station'),
    });
    // The station in the place of the load generator, the test's files in that of the load's.
    const peer = setup.faults === undefined ? this.station : faultyLink(this.station, setup.faults);
    const { net, block } = config;
    const devices = {
      net: { ...net!, peer },
      ...(block === undefined ? {} : { block: { ...block, image: diskImage(setup.files ?? []) } }),
    };
    this.machine = buildMachine({ ...config, ...devices }, images, engineFactory('interpreter'), {
      write: (bytes) => (this.console += fromBytes(bytes)),
    }).machine;
    this.until('a connection is accepted', this.reachable());
  }

  /** What the guest's clock says: seconds since it was switched on. */
  readonly seconds = (): number => Math.floor(this.machine.cycles(0) / this.cyclesPerSecond);

  /**
   * Sends `text` in the given segments, each a packet of its own as far as TCP lets it, closes this side, and gives everything
   * that comes back. A connection that was reset gives what came before.
   */
  conversation(text: string, cuts: readonly number[] = []): Promise<string> {
    return Promise.resolve(this.converse([segmentsOf(text, cuts)])[0]!);
  }

  /** Several conversations at once, each on a connection of its own. */
  conversations(texts: readonly { readonly text: string; readonly cuts: readonly number[] }[]): Promise<string[]> {
    return Promise.resolve(this.converse(texts.map(({ text, cuts }) => segmentsOf(text, cuts))));
  }

  /** Powers the machine off in order. */
  stop(): Promise<void> {
    let answered: boolean | undefined;
    const interval = Math.ceil(this.cyclesPerSecond / 20);
    new PowerOff(this.station, machineAddress.ip, interval, (is) => (answered = is)).ask();
    for (;;) {
      const state = this.machine.run(SLICE_INSTRUCTIONS, undefined);
      if (state.kind === 'running' && answered !== false) continue;
      if (state.kind === 'finisher' && state.code === 0n) return Promise.resolve();
      throw new Error(`machine: found ${state.kind} ${String(answered)}, expected a power-off\n${this.console}`);
    }
  }

  private converse(streams: readonly (readonly Uint8Array[])[]): string[] {
    const talks = streams.map((segments) => this.talk(segments));
    this.until('all conversations end', () => talks.every(({ end }) => end !== undefined));
    return talks.map(({ received }) => fromBytes(concat(received)));
  }

  private talk(segments: readonly Uint8Array[]): { received: Uint8Array[]; end: TcpEnd | undefined } {
    const talk = { received: [] as Uint8Array[], end: undefined as TcpEnd | undefined };
    const connection: TcpConnection = this.station.tcpConnect(machineAddress.ip, this.port, {
      established: () => {
        for (const segment of segments) connection.send(segment);
        connection.close();
      },
      data: (bytes) => talk.received.push(bytes),
      closed: (end) => (talk.end = end),
    });
    return talk;
  }

  /** The service listens: tries until a connection is accepted, and closes it. */
  private reachable(): () => boolean {
    let end: TcpEnd | undefined = 'refused';
    return () => {
      if (end !== undefined && end !== 'finished') {
        end = undefined;
        const connection = this.station.tcpConnect(machineAddress.ip, this.port, {
          established: () => connection.close(),
          data: () => undefined,
          closed: (how) => (end = how),
        });
      }
      return end === 'finished';
    };
  }

  private until(what: string, happened: () => boolean): void {
    const limit = this.machine.cycles(0) + PATIENCE_SECONDS * this.cyclesPerSecond;
    while (!happened()) {
      const state = this.machine.run(SLICE_INSTRUCTIONS, undefined);
      if (happened()) return;
      const cycle = this.machine.cycles(0);
      if (state.kind !== 'running' || cycle > limit)
        throw new Error(`machine: found ${state.kind} at cycle ${cycle} before ${what}\n${this.console}`);
    }
  }
}

/** A cpio archive, filled up to whole sectors. */
function diskImage(files: readonly ArchiveFile[]): Uint8Array {
  const archive = writeCpio(files);
  const disk = new Uint8Array(Math.ceil(archive.length / SECTOR) * SECTOR);
  disk.set(archive);
  return disk;
}

/** Without a cycle model: what is tested is what the services say, not when. */
function runSpec({ service, hypervisor }: MachineSetup): RunSpec {
  const name = `${service}-like` as const;
  const workload = { name, params: workloadDefaults[name] } as Workload;
  return {
    machine: { ...machinePresets.firesim, timing: 'none', memoryMiB: MACHINE_MIB },
    hypervisor,
    workload,
    seed: 1,
  };
}
