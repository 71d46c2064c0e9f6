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

/** Reads sector 0 of the block device and writes it to sector 1; the first byte read goes to the console. */
export function copySector(end: string): string {
  const request = (id: string): string => `
    sw   zero, 0x50(s0)
${awaitInterrupt(id)}
    la   t0, status
    lbu  t1, 0(t0)
    bnez t1, failed
`;
  return `
    li   s0, ${BLOCK}
${interruptsToMachineMode}
${startDevice}
${startQueue(0, 'queue', 8)}
${driverOk}
    la   s1, queue_avail
    li   t0, 1
    sh   t0, 2(s1)
${request('read')}
    la   t0, buffer
    lbu  t1, 0(t0)
    li   t2, 0x10000000
    sb   t1, 0(t2)
    li   t0, 3
    sh   t0, 6(s1)
    li   t0, 2
    sh   t0, 2(s1)
${request('write')}
${end}
failed:
    j    failed
.align 12
${queueMemory('queue', [
  descriptor('read_header', 16, { next: 1 }),
  descriptor('buffer', 512, { next: 2, write: true }),
  descriptor('status', 1, { write: true }),
  descriptor('write_header', 16, { next: 4 }),
  descriptor('buffer', 512, { next: 2 }),
])}
read_header: .word 0, 0
  .dword 0
write_header: .word 1, 0
  .dword 1
status: .byte 255
.align 6
buffer: .zero 512
`;
}

/**
 * Sends back `count` frames that come from the network, then ends. Waits for frames asleep, for the transmitter by looking at its ring.
 * s8 = number of frames so far, s9 = checksum of the cycles at which they were seen.
 */
export function echoFrames(count: number, end: string): string {
  const buffers = [0, 1, 2, 3];
  return `
    li   s0, ${NET}
${interruptsToMachineMode}
${startDevice}
${startQueue(0, 'rx', 4)}
${startQueue(1, 'tx', 4)}
${driverOk}
    la   s1, rx_avail
    la   s2, rx_used
    la   s3, tx_desc
    la   s4, tx_avail
    la   s5, tx_used
    li   t0, 0x00010000
    sw   t0, 4(s1)
    li   t0, 0x00030002
    sw   t0, 8(s1)
    li   t0, 4
    sh   t0, 2(s1)
    sw   zero, 0x50(s0)
    li   t0, 1
    sh   t0, 0(s4)
    li   s8, 0
    li   s9, 0
    li   s10, ${count}
sleep:
${awaitInterrupt('frame')}
next:
    lhu  t0, 2(s2)
    slli t1, s8, 48
    srli t1, t1, 48
    beq  t0, t1, sleep
    # t3 = used entry: id, length
    andi t1, s8, 3
    slli t3, t1, 3
    add  t3, t3, s2
    lw   t4, 4(t3)
    lw   t5, 8(t3)
    rdcycle t0
    slli s9, s9, 1
    add  s9, s9, t0
    # the received buffer, as long as it came, is transmit descriptor 0
    la   t2, rx_desc
    slli t6, t4, 4
    add  t2, t2, t6
    ld   t6, 0(t2)
    sd   t6, 0(s3)
    sw   t5, 8(s3)
    slli t6, t1, 1
    add  t6, t6, s4
    sh   zero, 4(t6)
    addi s8, s8, 1
    sh   s8, 2(s4)
    li   t0, 1
    sw   t0, 0x50(s0)
sending:
    lhu  t0, 2(s5)
    lhu  t2, 2(s4)
    bne  t0, t2, sending
    # the buffer goes back to the receiver
    slli t6, t1, 1
    add  t6, t6, s1
    sh   t4, 4(t6)
    addi t0, s8, 4
    sh   t0, 2(s1)
    sw   zero, 0x50(s0)
    bne  s8, s10, next
${end}
.align 12
${queueMemory(
  'rx',
  buffers.map((index) => descriptor(`frame${index}`, 1526, { write: true })),
)}
${queueMemory('tx', [descriptor('frame0', 0)])}
${buffers.map((index) => `.align 6\nframe${index}: .zero 1536`).join('\n')}
`;
}
