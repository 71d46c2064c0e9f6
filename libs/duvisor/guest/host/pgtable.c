/* Sv39 tables: the kernel's half, shared by all, and the making and freeing of a process's half. */
#include "kernel/pgtable.h"

#include "kernel.h"

#define KERNEL_HALF 256 /* first root entry of the kernel's half */
#define MAX_RAM_GIB 16
#define GIB (1UL << 30)
#define MIB2 (1UL << 21)

static pte_t ram_pmd[MAX_RAM_GIB][512] __attribute__((aligned(4096)));

/* Replace the boot mapping of RAM by 2 MiB leaves that end where RAM ends. */
void kernel_table_init(void) {
    u64 root = (KERNEL_OFFSET + boot.ram_base) >> 30 & 511;
    if (boot.ram_end - boot.ram_base > MAX_RAM_GIB * GIB) panic("kernel_table_init: more than %d GiB of RAM", MAX_RAM_GIB);
    for (paddr_t pa = boot.ram_base; pa < boot.ram_end; pa += MIB2) {
        u64 i = (pa - boot.ram_base) / GIB;
        ram_pmd[i][PT_INDEX(pa, 1)] = pfn_pte(pa >> PAGE_SHIFT, PTE_V | PTE_R | PTE_W | PTE_G | PTE_A | PTE_D);
    }
    for (u64 i = 0; i * GIB < boot.ram_end - boot.ram_base; i++)
        kernel_pgd[root + i] = pfn_pte(virt_to_phys(ram_pmd[i]) >> PAGE_SHIFT, PTE_V);
    sfence_all();
}

pte_t *page_table_new(void) {
    pte_t *pgd = get_zeroed_page();
    if (pgd) memcpy(&pgd[KERNEL_HALF], &kernel_pgd[KERNEL_HALF], sizeof(pte_t) * (512 - KERNEL_HALF));
    return pgd;
}

pte_t *page_table_slot(pte_t *table, u64 va, bool make) {
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *e = &table[PT_INDEX(va, level)];
        if (!pte_present(*e)) {
            if (!make) return NULL;
            void *fresh = get_zeroed_page();
            if (!fresh) return NULL;
            mod_zone_stat(ZONE_PAGE_TABLES, 1);
            WRITE_ONCE(*e, pfn_pte(virt_to_phys(fresh) >> PAGE_SHIFT, PTE_V));
        }
        table = pte_table(*e);
    }
    return &table[PT_INDEX(va, 0)];
}

/* Free the tables of the user half; what they mapped is gone already. */
void page_table_free(pte_t *pgd) {
    for (unsigned i = 0; i < KERNEL_HALF; i++) {
        if (!pte_present(pgd[i])) continue;
        pte_t *middle = pte_table(pgd[i]);
        for (unsigned j = 0; j < 512; j++) {
            if (!pte_present(middle[j])) continue;
            free_page_at(pte_table(middle[j]));
            mod_zone_stat(ZONE_PAGE_TABLES, -1);
        }
        free_page_at(middle);
        mod_zone_stat(ZONE_PAGE_TABLES, -1);
    }
    free_page_at(pgd);
}
