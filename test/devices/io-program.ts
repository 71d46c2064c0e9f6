/** Bare programs that drive the virtio devices, in assembly: pieces of text and the data they need. */

export const NET = 0x1000_1000;
export const BLOCK = 0x1000_2000;

/** Descriptor flags. */
const NEXT = 1;
const WRITE = 2;

/** Names of the memory of queue `name`: descriptor table, available and used ring, at most 16 entries. */
export function queueMemory(name: string, descriptors: readonly string[] = []): string {
  return `
.align 8
${name}_desc:
${descriptors.join('\n')}
.zero ${256 - 16 * descriptors.length}
${name}_avail: .zero 256
${name}_used: .zero 256
`;
}

/** One entry of a descriptor table; `next` = index of the descriptor that goes on, `write` = the device writes. */
export function descriptor(label: string, size: number, options: { next?: number; write?: boolean } = {}): string {
  const flags = (options.next === undefined ? 0 : NEXT) | (options.write === true ? WRITE : 0);
  return `  .dword ${label}\n  .word ${size}\n  .half ${flags}, ${options.next ?? 0}`;
}

/** Resets the device whose registers are at s0 and negotiates VERSION_1 alone. Clobbers t0. */
export const startDevice = `
    sw   zero, 0x70(s0)
    li   t0, 3
    sw   t0, 0x70(s0)
    li   t0, 1
    sw   t0, 0x24(s0)
    sw   t0, 0x20(s0)
    li   t0, 11
    sw   t0, 0x70(s0)
`;

/** Queue `index` of the device at s0, `size` entries at the labels of {@link queueMemory}. Clobbers t0. */
export function startQueue(index: number, name: string, size: number): string {
  return `
    li   t0, ${index}
    sw   t0, 0x30(s0)
    li   t0, ${size}
    sw   t0, 0x38(s0)
    la   t0, ${name}_desc
    sw   t0, 0x80(s0)
    sw   zero, 0x84(s0)
    la   t0, ${name}_avail
    sw   t0, 0x90(s0)
    sw   zero, 0x94(s0)
    la   t0, ${name}_used
    sw   t0, 0xa0(s0)
    sw   zero, 0xa4(s0)
    li   t0, 1
    sw   t0, 0x44(s0)
`;
}

export const driverOk = `
    li   t0, 15
    sw   t0, 0x70(s0)
`;

/** PLIC: sources 1 (net) and 2 (block) go to hart 0's M context, which may wake from WFI by them. Uses s11 = PLIC context. */
export const interruptsToMachineMode = `
    li   t0, 0x0c000000
    li   t1, 1
    sw   t1, 4(t0)
    sw   t1, 8(t0)
    li   t0, 0x0c002000
    li   t1, 6
    sw   t1, 0(t0)
    li   s11, 0x0c200000
    sw   zero, 0(s11)
    li   t0, 0x800
    csrw mie, t0
`;

/** Sleeps until the device at s0 interrupts, acknowledges at device and PLIC. Clobbers t0, t1. */
export function awaitInterrupt(id: string): string {
  return `
await_${id}:
    wfi
    lw   t0, 4(s11)
    beqz t0, await_${id}
    lw   t1, 0x60(s0)
    sw   t1, 0x64(s0)
    sw   t0, 4(s11)
`;
}
