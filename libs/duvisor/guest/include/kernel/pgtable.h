/* Sv39 page-table entries and the walk of a process's table (host/pgtable.c). */
#ifndef KERNEL_PGTABLE_H
#define KERNEL_PGTABLE_H

#include "kernel/layout.h"

typedef u64 pte_t;

#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_U BIT(4)
#define PTE_G BIT(5)
#define PTE_A BIT(6)
#define PTE_D BIT(7)
#define PTE_SPECIAL BIT(8) /* RSW bit: no struct page behind it (device or contiguous area) */
#define PTE_LEAF (PTE_R | PTE_W | PTE_X)

#define PT_LEVELS 3
#define LEAF_TABLE_SPAN (1UL << 21) /* bytes one last-level table maps */
#define PT_INDEX(va, level) (((va) >> (PAGE_SHIFT + 9 * (level))) & 511)

static inline u64 pte_pfn(pte_t e) { return (e >> 10) & ((1UL << 44) - 1); }
static inline pte_t pfn_pte(u64 pfn, u64 bits) { return pfn << 10 | bits; }
static inline bool pte_present(pte_t e) { return e & PTE_V; }
static inline bool pte_leaf(pte_t e) { return e & PTE_LEAF; }
static inline pte_t *pte_table(pte_t e) { return phys_to_virt(pte_pfn(e) << PAGE_SHIFT); }

static inline void sfence_page(u64 va) { __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory"); }
static inline void sfence_all(void) { __asm__ volatile("sfence.vma zero, zero" ::: "memory"); }

#endif
