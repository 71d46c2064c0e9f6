/**
 * A service on the simulated machine, natively or in a virtual machine, and clients at the far end of the link that talk to
 * it over the load generator's TCP, one conversation after the other.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import {
  buildMachine,
  engineFactory,
  memoryMap,
  resolveConfig,
  type BootImages,
  type LinkPeer,
} from '#libs/riscv-core';
import { writeCpio, type ArchiveFile } from '../../libs/duvisor/src/cpio.js';
import { ipv4 } from '../../libs/duvisor/src/loadgen/net/ipv4.js';
import { Station } from '../../libs/duvisor/src/loadgen/net/station.js';
import { tcpTiming } from '../../libs/duvisor/src/loadgen/net/tcp-timing.js';
import { PowerOff } from '../../libs/duvisor/src/loadgen/power-off.js';
import { fromBytes } from '../../libs/duvisor/src/loadgen/protocols/byte-string.js';
import { Random } from '../../libs/duvisor/src/loadgen/random.js';
import type { ServiceName } from './service.testkit.js';

const prebuilt = fileURLToPath(new URL('../../libs/duvisor/guest/prebuilt/', import.meta.url));
const image = (name: string): Uint8Array => new Uint8Array(readFileSync(join(prebuilt, name)));
const program = (path: string, name: string): ArchiveFile => ({ path, mode: 0o755, data: image(name) });

export const systems = ['native', 'kvm', 'duvisor'] as const;
export type System = (typeof systems)[number];

const ports: Record<ServiceName, number> = { memcached: 11_211, redis: 6379, nginx: 80 };
const GUEST = ipv4('10.0.2.15');
const LIMIT = 4_000_000_000;
/** Of the machine without a timing model: one cycle per instruction. */
const SECOND = 1_000_000_000;
/** Between two segments of a conversation: more than the guest takes to read one. */
const GAP = SECOND / 10_000;
/** Before a connection that nobody took is tried again. */
const RETRY = SECOND / 1000;

export interface Talk {
  readonly system: System;
  readonly service: ServiceName;
  readonly conversations: readonly (readonly Uint8Array[])[];
  readonly cable?: (peer: LinkPeer) => LinkPeer;
  /** Of the document root. */
  readonly disk?: readonly ArchiveFile[];
}

/** What came back in each conversation until the service closed it, as byte strings. */
export function talk({ system, service, conversations, cable = (peer) => peer, disk = [] }: Talk): string[] {
  const station = new Station({
    mac: Uint8Array.of(0x52, 0x54, 0, 0x12, 0x34, 0x01),
    ip: ipv4('10.0.2.2'),
    timing: tcpTiming(SECOND),
    arpInterval: SECOND / 100,
    random: new Random(1, 'station'),
  });
  const received: string[] = [];

  // The answer is sent once: a bad cable may lose it. That the machine ends with code 0 is what counts.
  const powerOff = (): void => new PowerOff(station, GUEST, SECOND / 10, () => undefined).ask();
  const converse = (index: number): void => {
    const segments = conversations[index];
    if (segments === undefined) {
      powerOff();
      return;
    }
    let text = '';
    const connection = station.tcpConnect(GUEST, ports[service], {
      data: (bytes) => (text += fromBytes(bytes)),
      established: () => send(0),
      ended: () => connection.close(),
      closed: (end) => {
        if (end === 'refused') {
          station.clock.at(station.clock.now() + RETRY, () => converse(index));
          return;
        }
        received.push(end === 'finished' ? text : `${text}[connection: ${end}]`);
        converse(index + 1);
      },
    });
    const send = (number: number): void => {
      const segment = segments[number];
      if (!connection.open) return;
      if (segment === undefined) connection.close();
      else {
        if (segment.length > 0) connection.send(segment);
        station.clock.at(station.clock.now() + GAP, () => send(number + 1));
      }
    };
  };

  const far = cable(station);
  run(system, service, disk, {
    connect: (send, clock) => {
      far.connect(send, clock);
      station.whenReachable(GUEST, () => converse(0));
    },
    receive: (frame, cycle) => far.receive(frame, cycle),
  });
  expect(received, 'conversations that ended before the machine did').toHaveLength(conversations.length);
  return received;
}

function run(system: System, service: ServiceName, disk: readonly ArchiveFile[], peer: LinkPeer): void {
  const config = resolveConfig({
    machine: system === 'native' ? 'virt' : 'firesim',
    dvext: 'rocket',
    harts: 1,
    timing: 'none',
    memoryBytes: 256 << 20,
    seed: 1,
    net: { peer },
    block: { image: sectors(writeCpio(disk)), readOnly: true },
  });
  let text = '';
  const { machine } = buildMachine(config, bootImages(system, service), engineFactory('interpreter'), {
    write: (bytes) => (text += new TextDecoder().decode(bytes)),
  });
  for (;;) {
    const state = machine.run(10_000_000, LIMIT, false);
    if (state.kind === 'running') continue;
    expect(state.kind, text).toBe('finisher');
    expect('code' in state ? Number(state.code) : -1, text).toBe(0);
    return;
  }
}

function bootImages(system: System, service: ServiceName): BootImages {
  const guest = writeCpio([
    program('/poweroffd', 'service-poweroffd.elf'),
    program(`/${service}`, `service-${service}.elf`),
  ]);
  const guestArguments = `ip=10.0.2.15/24 run=/poweroffd run=/${service}`;
  const kernel = (name: string) => ({ name, bytes: image(name), address: BigInt(memoryMap.kernel.base) });
  const elf = { name: 'firmware.elf', bytes: image('firmware.elf') };
  if (system === 'native')
    return { elf, raw: [kernel('vm.bin')], initrd: { name: 'guest.cpio', bytes: guest }, append: guestArguments };
  const host = writeCpio([
    program('/vmm', 'vmm.elf'),
    { path: '/vm.bin', mode: 0o644, data: image('vm.bin') },
    { path: '/guest.cpio', mode: 0o644, data: guest },
  ]);
  const vmm = `--accel ${system} --kernel /vm.bin --initrd /guest.cpio --block /dev/vda --vmtap tap0 --memory 128`;
  return {
    elf,
    raw: [kernel('host.bin')],
    initrd: { name: 'initrd', bytes: host },
    append: `init=/vmm seed=1 -- ${vmm} --append "${guestArguments}"`,
  };
}

/** Filled up to a whole number of sectors. */
function sectors(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(Math.ceil(bytes.length / 512) * 512);
  whole.set(bytes);
  return whole;
}
