/*
 * Large physically contiguous areas, first fit, taken downward from the top of RAM. An area that held data before is
 * cleared when it is handed out again; RAM never used is zero from power-on or holds nobody's data.
 */
#include "kernel.h"
#include "zone.h"

#define MAX_RANGES 32

/* Free ranges above zone.ceiling, sorted by address; all of them were used before. Protected by zone.lock. */
static struct range {
    u64 pfn, pages;
} ranges[MAX_RANGES];
static u32 nr_ranges;

void contig_init(void) { nr_ranges = 0; }

static void remove_range(u32 i) {
    memmove(&ranges[i], &ranges[i + 1], (--nr_ranges - i) * sizeof(struct range));
}

static u64 take_used(u64 pages) {
    for (u32 i = 0; i < nr_ranges; i++) {
        struct range *r = &ranges[i];
        if (r->pages < pages) continue;
        r->pages -= pages;
        u64 pfn = r->pfn + r->pages;
        if (r->pages == 0) remove_range(i);
        return pfn;
    }
    return 0;
}

static u64 take_fresh(u64 pages) {
    if (zone.ceiling < zone.frontier + pages) return 0;
    zone.ceiling -= pages;
    return zone.ceiling;
}

paddr_t contig_alloc(u64 bytes) {
    u64 pages = ALIGN_UP(bytes, CONTIG_ALIGN) >> PAGE_SHIFT;
    unsigned long flags = spin_lock_irqsave(&zone.lock);
    u64 pfn = take_used(pages);
    bool used = pfn;
    if (!pfn) pfn = take_fresh(pages);
    spin_unlock_irqrestore(&zone.lock, flags);
    if (used) memset(phys_to_virt(pfn << PAGE_SHIFT), 0, pages << PAGE_SHIFT);
    return pfn << PAGE_SHIFT;
}

void contig_free(paddr_t base, u64 bytes) {
    u64 pfn = base >> PAGE_SHIFT, pages = ALIGN_UP(bytes, CONTIG_ALIGN) >> PAGE_SHIFT;
    unsigned long flags = spin_lock_irqsave(&zone.lock);
    u32 i = 0;
    while (i < nr_ranges && ranges[i].pfn < pfn) i++;
    if (nr_ranges == MAX_RANGES) panic("contig_free: more than %d free areas", MAX_RANGES);
    memmove(&ranges[i + 1], &ranges[i], (nr_ranges++ - i) * sizeof(struct range));
    ranges[i] = (struct range){ pfn, pages };
    if (i + 1 < nr_ranges && pfn + pages == ranges[i + 1].pfn) {
        ranges[i].pages += ranges[i + 1].pages;
        remove_range(i + 1);
    }
    if (i && ranges[i - 1].pfn + ranges[i - 1].pages == pfn) {
        ranges[i - 1].pages += ranges[i].pages;
        remove_range(i);
    }
    spin_unlock_irqrestore(&zone.lock, flags);
}
