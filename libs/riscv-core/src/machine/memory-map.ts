/**
 * Where everything lies in physical memory. Read by the bus, the device tree and the generator of the guest's C header.
 * The same map serves `virt` and `firesim`; it is the one of QEMU's machine `virt`, so the target software runs there too.
 */

export interface Region {
  readonly base: number;
  readonly size: number;
}

export const memoryMap = {
  /** Stops the machine: 0x5555 pass, code << 16 | 0x3333 fail, 0x7777 reset. */
  testFinisher: { base: 0x0010_0000, size: 0x1000 },
  /** msip, mtimecmp, mtime; with DV-ext also mirrors of vtime, vcpuid and vipi (dv-ext.md 2.5). Inside the engine's core. */
  clint: { base: 0x0200_0000, size: 0x1_0000 },
  /** Interrupt controller; with DV-ext the software-driven sources are a register at +0x1F0_0000 (dv-ext.md 10). */
  plic: { base: 0x0c00_0000, size: 0x0400_0000 },
  /** 16550, registers one byte apart. */
  uart: { base: 0x1000_0000, size: 0x100 },
  /** virtio-mmio slots; one is there when its device is configured. */
  virtioNet: { base: 0x1000_1000, size: 0x1000 },
  virtioBlock: { base: 0x1000_2000, size: 0x1000 },
  /** RAM begins here; its size is a machine option. Firmware is loaded at its first byte. */
  ram: { base: 0x8000_0000 },
  /** The host kernel, which firmware jumps to. */
  kernel: { base: 0x8020_0000 },
} as const;

/** PLIC source numbers of hardware devices. */
export const interruptSources = { virtioNet: 1, virtioBlock: 2, uart: 10 } as const;

/** The CLINT window of DV-ext profile `qemu` is twice as long: its mirrors lie behind the ordinary registers. */
export const clintSizeQemuProfile = 0x2_0000;

/** RAM an engine can address: code map and linear memory are laid out for it (hart/layout.ts). */
export const maxRamBytes = 0x8000_0000;
