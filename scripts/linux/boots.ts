/** The boots of docs/how-to/linux.md: what `dvfarm exec` is given, and what the console says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BootImages } from '#libs/riscv-core';
import { linuxFiles } from './folder.js';

/** Where images go: the firmware jumps to `kernel`, and moves the device tree to 0x8220_0000. */
const addresses = { firmware: '0x80000000', kernel: '0x80200000', initrd: '0x88200000' } as const;

export interface Boot {
  readonly image: string;
  readonly initrd: string;
  /** Kernel arguments; `run` is read by `/init` (images/linux/init-*.sh). */
  readonly append: string;
  /** Lines of the console, in this order, others between them. */
  readonly console: readonly RegExp[];
}

export const boots = {
  /** Debian's kernel to a shell, which loads the KVM module. */
  debian: {
    image: linuxFiles.debianImage,
    initrd: linuxFiles.debianInitrd,
    append: 'console=ttyS0 run=check',
    console: [
      /^OpenSBI v/,
      /Linux version .*debian-kernel/,
      /Run \/init as init process/,
      /^BusyBox v.* shell/,
      /# Linux 6\..* riscv64$/,
      /# isa\s*: rv64imafdch/,
      /^mmu\s*: sv39$/,
      /kvm \[\d+\]: hypervisor extension available/,
      /kvm \[\d+\]: using Sv39x4 G-stage page table format/,
      /kvm \[\d+\]: VMID 14 bits available/,
      /# crw.* 10, +\d+ .*\/dev\/kvm$/,
      /reboot: Power down/,
    ],
  },
  /** The small host kernel runs a guest under KVM, in which memcached serves a client. */
  kvm: {
    image: linuxFiles.smallImage,
    initrd: linuxFiles.hostInitrd,
    append: 'console=ttyS0 run=guest',
    console: [
      /^OpenSBI v/,
      /Linux version 6\.1\./,
      /kvm.*hypervisor extension available/,
      /^host: Linux 6\.1\..* riscv64$/,
      /^guest: Linux 6\.1\..* riscv64$/,
      /^isa\s*: rv64imafdc$/,
      /^memcached: 200 pairs of set and get, every reply right$/,
      /^host: the guest ended with 0$/,
      /reboot: Power down/,
    ],
  },
} as const satisfies Record<string, Boot>;

export type BootName = keyof typeof boots;

/** Arguments of `dvfarm exec` for a boot with the images in `folder`. */
export function bootArguments(name: BootName, folder: string): string[] {
  const { image, initrd, append } = boots[name];
  const at = (file: string, address: string): string => `${join(folder, file)}@${address}`;
  return [
    ...['--machine', 'virt'],
    ...['--load', at(linuxFiles.firmware, addresses.firmware)],
    ...['--load', at(image, addresses.kernel)],
    ...['--initrd', at(initrd, addresses.initrd)],
    ...['--append', append],
  ];
}

/** The same for who builds the machine (preset `virt`) himself. */
export function bootImages(name: BootName, folder: string): BootImages {
  const { image, initrd, append } = boots[name];
  const read = (file: string, address: string): { name: string; bytes: Uint8Array; address: bigint } => ({
    name: file,
    bytes: new Uint8Array(readFileSync(join(folder, file))),
    address: BigInt(address),
  });
  return {
    raw: [read(linuxFiles.firmware, addresses.firmware), read(image, addresses.kernel)],
    initrd: read(initrd, addresses.initrd),
    append,
  };
}

/** The first of the expected lines that does not come after those before it; undefined when all do. */
export function firstMissing(console: string, expected: readonly RegExp[]): RegExp | undefined {
  const lines = console.split(/\r*\n/);
  let at = 0;
  for (const pattern of expected) {
    const found = lines.findIndex((line, index) => index >= at && pattern.test(line));
    if (found < 0) return pattern;
    at = found + 1;
  }
  return undefined;
}
