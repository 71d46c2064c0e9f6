/*
 * Virtual memory layout of the host kernel (Sv39, one page table for user and kernel).
 *
 *   0x0000_0000_0000_1000 ..  0x0000_003F_FFFF_FFFF   user
 *   0xFFFF_FFC0_0000_0000 ..  +1 GiB                  device registers: physical 0 .. 1 GiB
 *   0xFFFF_FFC0_4000_0000 ..  +1 GiB                  kernel text window: image at +0x20_0000, read and execute
 *   0xFFFF_FFC0_8000_0000 ..                          all RAM, read and write: virtual = physical + KERNEL_OFFSET
 */
#ifndef KERNEL_LAYOUT_H
#define KERNEL_LAYOUT_H

#define PAGE_SHIFT 12
#define KERNEL_OFFSET 0xFFFFFFC000000000
#define KERNEL_TEXT_OFFSET 0xFFFFFFBFC0000000 /* text symbols: virtual = physical + this */
#define USER_TOP 0x0000004000000000
#define KERNEL_PHYS 0x80200000

#ifndef __ASSEMBLER__
#include "types.h"

#define PAGE_SIZE 4096UL
#define PAGE_MASK (~(PAGE_SIZE - 1))

static inline void *phys_to_virt(paddr_t pa) { return (void *)(pa + KERNEL_OFFSET); }
/* For addresses of RAM and kernel data; not for functions, which live in the text window. */
static inline paddr_t virt_to_phys(const void *v) { return (u64)v - KERNEL_OFFSET; }
#endif

#endif
