/*
 * Physical pages: a buddy allocator for the one zone, in front of it a list of single pages per hart, refilled and
 * emptied in batches.
 *
 * RAM enters the buddy lists block by block as it is needed (`frontier`), so that booting touches no struct page of
 * memory that is never used. Large contiguous areas come from the other end (contig.c); the two meet in the middle.
 */
#include "kernel.h"
#include "zone.h"
#include "probe.h"

struct page *page_array;
u64 page_base, page_limit;
struct zone zone;

static void buddy_insert(u64 pfn, unsigned order) {
    struct page *p = pfn_to_page(pfn);
    p->flags = BIT(PG_BUDDY);
    p->order = order;
    list_add(&zone.free[order], &p->lru);
}

/* The buddy of a block, if it is free and of the same size. */
static struct page *free_buddy(u64 pfn, unsigned order) {
    u64 other = pfn ^ (1UL << order);
    if (other >= zone.frontier) return NULL;
    struct page *p = pfn_to_page(other);
    return (p->flags & BIT(PG_BUDDY)) && p->order == order ? p : NULL;
}

/* Take the next block of untouched RAM into the buddy lists. False when there is none. */
static bool zone_grow(void) {
    u64 pfn = zone.frontier;
    if (pfn == zone.ceiling) return false;
    unsigned order = 0; /* the largest block that is aligned and fits */
    while (order < MAX_ORDER && !(pfn & (1UL << order)) && pfn + (2UL << order) <= zone.ceiling) order++;
    zone.frontier += 1UL << order;
    buddy_insert(pfn, order);
    mod_zone_stat(ZONE_FREE_PAGES, 1L << order);
    return true;
}

/* A block of 2^order pages off the buddy lists, splitting a larger one if need be. zone.lock held. */
static struct page *buddy_take(unsigned order) {
    for (;;) {
        for (unsigned o = order; o <= MAX_ORDER; o++) {
            if (list_empty(&zone.free[o])) continue;
            struct page *p = list_entry(zone.free[o].next, struct page, lru);
            list_del(&p->lru);
            p->flags = 0;
            while (o > order) { /* give back the upper half */
                o--;
                buddy_insert(page_to_pfn(p) + (1UL << o), o);
            }
            return p;
        }
        if (!zone_grow()) return NULL;
    }
}

static void buddy_give(struct page *p, unsigned order) {
    u64 pfn = page_to_pfn(p);
    struct page *b;
    while (order < MAX_ORDER && (b = free_buddy(pfn, order))) {
        list_del(&b->lru);
        b->flags = 0;
        pfn &= ~(1UL << order);
        order++;
    }
    buddy_insert(pfn, order);
}

/* Refill this hart's list with one batch. Interrupts off. */
static void rmqueue_bulk(struct pcp_list *pcp) {
    STEP(rmqueue_bulk);
    spin_lock(&zone.lock);
    u32 n;
    for (n = 0; n < PCP_BATCH; n++) {
        struct page *p = buddy_take(0);
        if (!p) break;
        list_add_tail(&pcp->pages, &p->lru);
    }
    pcp->count += n;
    mod_zone_stat(ZONE_FREE_PAGES, -(s64)n);
    spin_unlock(&zone.lock);
}

static struct page *get_page_from_freelist(unsigned order) {
    STEP(get_page_from_freelist);
    struct page *p = NULL;
    unsigned long flags = local_irq_save();
    if (order == 0) {
        struct pcp_list *pcp = &current->hart->pcp;
        if (pcp->count == 0) {
            rmqueue_bulk(pcp);
            STEP(get_page_from_freelist);
        }
        if (pcp->count) {
            p = list_entry(pcp->pages.next, struct page, lru);
            list_del(&p->lru);
            pcp->count--;
        }
    } else {
        spin_lock(&zone.lock);
        p = buddy_take(order);
        if (p) mod_zone_stat(ZONE_FREE_PAGES, -(1L << order));
        spin_unlock(&zone.lock);
    }
    local_irq_restore(flags);
    return p;
}

struct page *alloc_pages(unsigned order, unsigned gfp) {
    STEP(alloc_pages);
    BUG_ON(order > MAX_ORDER);
    struct page *p = get_page_from_freelist(order);
    STEP(alloc_pages);
    if (!p) return NULL;
    count_vm_event(EVENT_PAGE_ALLOC);
    p->flags = 0;
    p->mapping = NULL;
    p->index = 0;
    p->order = order;
    p->inuse = 0;
    atomic_set(&p->mapcount, 0);
    atomic_set(&p->refcount, 1);
    if (gfp & GFP_ZERO) STEP_CALL(memset, alloc_pages, memset(page_address(p), 0, PAGE_SIZE << order));
    return p;
}

void *get_zeroed_page(void) {
    struct page *p = alloc_pages(0, GFP_ZERO);
    return p ? page_address(p) : NULL;
}

/* Hand the oldest batch of this hart's list back. Interrupts off. */
static void free_pcp_batch(struct pcp_list *pcp) {
    spin_lock(&zone.lock);
    for (u32 n = 0; n < PCP_BATCH; n++) {
        struct page *p = list_entry(pcp->pages.prev, struct page, lru);
        list_del(&p->lru);
        buddy_give(p, 0);
    }
    pcp->count -= PCP_BATCH;
    mod_zone_stat(ZONE_FREE_PAGES, PCP_BATCH);
    spin_unlock(&zone.lock);
}

void free_pages(struct page *p, unsigned order) {
    count_vm_event(EVENT_PAGE_FREE);
    BUG_ON(p->flags & (BIT(PG_BUDDY) | BIT(PG_RESERVED) | BIT(PG_LRU)));
    unsigned long flags = local_irq_save();
    if (order == 0) {
        struct pcp_list *pcp = &current->hart->pcp;
        list_add(&pcp->pages, &p->lru);
        if (++pcp->count >= PCP_HIGH) free_pcp_batch(pcp);
    } else {
        spin_lock(&zone.lock);
        buddy_give(p, order);
        mod_zone_stat(ZONE_FREE_PAGES, 1L << order);
        spin_unlock(&zone.lock);
    }
    local_irq_restore(flags);
}

void put_page(struct page *p) {
    if (!atomic_dec_and_test(&p->refcount)) return;
    if (test_bit(PG_LRU, &p->flags)) lru_del(p);
    free_pages(p, p->order);
}

/* `first_free`: end of kernel and initramfs. The struct pages follow, then, at a distance that depends on the run's seed,
   the pages to hand out. */
void page_init(paddr_t first_free) {
    page_base = boot.ram_base >> PAGE_SHIFT;
    page_limit = boot.ram_end >> PAGE_SHIFT;
    page_array = phys_to_virt(ALIGN_UP(first_free, 64));
    u64 first = ALIGN_UP(first_free + (page_limit - page_base) * sizeof(struct page), PAGE_SIZE) >> PAGE_SHIFT;
    first += boot_random(1, 1UL << MAX_ORDER);
    for (u64 pfn = ALIGN_DOWN(first, 1UL << MAX_ORDER); pfn < first; pfn++) pfn_to_page(pfn)->flags = BIT(PG_RESERVED);
    for (unsigned o = 0; o <= MAX_ORDER; o++) list_init(&zone.free[o]);
    zone.frontier = first;
    /* The seed moves the contiguous areas too, in steps of their alignment. */
    zone.ceiling = page_limit - boot_random(2, 64) * (CONTIG_ALIGN >> PAGE_SHIFT);
    if (zone.ceiling <= zone.frontier) panic("page_init: no memory left above the kernel");
    contig_init();
    for (u32 h = 0; h < MAX_HARTS; h++) list_init(&harts[h].pcp.pages);
}
