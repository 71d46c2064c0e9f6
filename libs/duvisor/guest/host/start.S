/*
 * Entry from the firmware: HS-mode, translation off, physical addresses, a0 = hart id, a1 = device tree.
 * The first hart builds a first page table (kernel/layout.h) and jumps to the virtual view by faulting: with the new
 * satp the next fetch has no mapping, so the hart goes to stvec, which holds the virtual address to continue at.
 * Before that, `la` of a data symbol is 1 GiB too high, because data and text are linked that much farther apart than
 * they are loaded.
 */
#include "csr.h"
#include "kernel/layout.h"
#include "host-offsets.h"

#define VIEW_GAP 0x40000000
#define LEAF_RW 0xE7                /* D A G W R V */
#define LEAF_RX 0x6B                /* A G X R V */

.section .text.start, "ax"
.globl _start
_start:
    csrw CSR_SIE, zero
    csrw CSR_SIP, zero
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
    /* kernel_pgd: [256] devices, [257] -> text_pmd, [258] first GiB of RAM (main.c refines it) */
    la t0, kernel_pgd
    sub t0, t0, t6
    li t1, LEAF_RW
    li t2, 256 * 8
    add t2, t2, t0
    sd t1, 0(t2)
    la t3, text_pmd
    sub t3, t3, t6
    srli t4, t3, 2                  /* PPN << 10 */
    ori t4, t4, 1
    sd t4, 8(t2)
    li t1, (0x80000000 >> 2) | LEAF_RW
    sd t1, 16(t2)
    li t1, (KERNEL_PHYS >> 2) | LEAF_RX
    sd t1, 8(t3)                    /* entry 1: offset 2 MiB */

    la t1, 3f
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
3:                                  /* virtual from here on */
    la t0, trap_entry
    csrw CSR_STVEC, t0
    csrw CSR_SSCRATCH, zero
    la tp, boot_task
    la sp, boot_stack
    li t0, BOOT_STACK_SIZE
    add sp, sp, t0
    call kernel_main                /* (hart id, physical address of the device tree) */
4:  wfi
    j 4b

.section .bss.page_aligned, "aw", @nobits
.balign 4096
.globl kernel_pgd
kernel_pgd: .skip 4096
text_pmd: .skip 4096
.globl boot_stack
boot_stack: .skip BOOT_STACK_SIZE
