/*
 * Entry: S-mode (HS on the bare machine, VS in a VM), translation off, physical addresses, a0 = hart id, a1 = device tree.
 * Clears .bss, maps devices, text window and RAM (kernel/layout.h), and reaches the virtual view by a fetch fault: with
 * the new satp the next fetch has no mapping, so the hart goes to stvec, which holds the virtual address to continue at.
 * Before that, `la` of a data symbol is 1 GiB too high: data and text are linked that much farther apart than loaded.
 */
#include "csr.h"
#include "kernel/layout.h"
#include "vm-offsets.h"

#define VIEW_GAP 0x40000000
#define LEAF_RW 0xE7 /* D A G W R V */
#define LEAF_RX 0x6B /* A G X R V */

.section .text.start, "ax"
.globl _start
_start:
    csrw CSR_SIE, zero
    li t6, VIEW_GAP
    la t0, bss_start
    la t1, bss_end
    sub t0, t0, t6
    sub t1, t1, t6
1:  bgeu t0, t1, 2f
    sd zero, 0(t0)
    sd zero, 8(t0)
    sd zero, 16(t0)
    sd zero, 24(t0)
    addi t0, t0, 32
    j 1b
2:
    la t0, kernel_table
    sub t0, t0, t6
    li t2, 256 * 8
    add t2, t2, t0
    li t1, LEAF_RW                  /* [256]: devices, physical 0 .. 1 GiB */
    sd t1, 0(t2)
    la t3, text_table               /* [257]: text window */
    sub t3, t3, t6
    srli t4, t3, 2                  /* PPN << 10 */
    ori t4, t4, 1
    sd t4, 8(t2)
    li t1, (KERNEL_PHYS >> 2) | LEAF_RX
    sd t1, 8(t3)                    /* entry 1: offset 2 MiB */
    li t1, (0x80000000 >> 2) | LEAF_RW
    li t3, 0x40000000 >> 2
    li t4, RAM_GIB
    addi t2, t2, 16                 /* [258] ...: RAM */
3:  sd t1, 0(t2)
    add t1, t1, t3
    addi t2, t2, 8
    addi t4, t4, -1
    bnez t4, 3b

    la t1, 4f
    li t2, KERNEL_TEXT_OFFSET
    add t1, t1, t2
    csrw CSR_STVEC, t1
    srli t0, t0, 12
    li t1, SATP_SV39
    or t0, t0, t1
    sfence.vma
    csrw CSR_SATP, t0
    nop
.balign 4
4:                                  /* virtual from here on */
    la t0, trap_entry
    csrw CSR_STVEC, t0
    csrw CSR_SSCRATCH, zero
    li t0, SSTATUS_SPP | SSTATUS_SIE
    csrc CSR_SSTATUS, t0            /* sret goes to user mode, always; the fetch fault has set SPP */
    csrw CSR_SCOUNTEREN, 7          /* cycle, time, instret for processes */
    la sp, boot_stack_top
    call kernel_main                /* (hart id, physical address of the device tree); does not return */

.section .bss.page_aligned, "aw", @nobits
.balign 4096
.globl kernel_table
kernel_table: .skip 4096
text_table: .skip 4096
boot_stack: .skip 8192
.globl boot_stack_top
boot_stack_top:
