/*
 * Page ageing: which user pages were touched lately. Two lists, inactive and active; pages get there through batches
 * per hart, so that the lists' lock is taken once for fifteen pages. Nothing is reclaimed yet: the lists say what would
 * go first.
 */
#include "kernel.h"
#include "probe.h"

#define BATCH 15

struct batch {
    u32 count;
    struct page *pages[BATCH];
};

static spinlock_t lru_lock;
static struct list inactive = LIST_INIT(inactive), active = LIST_INIT(active);
static struct batch add_batch[MAX_HARTS], activate_batch[MAX_HARTS];

/* A page whose last other reference is gone is freed here. */
static void release(struct page *p) { put_page(p); }

static void lru_add_fn(struct page *p) {
    STEP(lru_add_fn);
    set_bit(PG_LRU, &p->flags);
    bool is_active = test_bit(PG_ACTIVE, &p->flags);
    list_add(is_active ? &active : &inactive, &p->lru);
    mod_zone_stat(is_active ? ZONE_LRU_ACTIVE : ZONE_LRU_INACTIVE, 1);
}

static void activate_fn(struct page *p) {
    STEP(folio_activate_fn);
    if (!test_bit(PG_LRU, &p->flags) || test_bit(PG_ACTIVE, &p->flags)) return;
    list_del(&p->lru);
    set_bit(PG_ACTIVE, &p->flags);
    list_add(&active, &p->lru);
    count_vm_event(EVENT_PAGE_ACTIVATE);
    mod_zone_stat(ZONE_LRU_INACTIVE, -1);
    mod_zone_stat(ZONE_LRU_ACTIVE, 1);
}

/* Apply `move` to all pages of a batch under one lock, then drop the batch's references. */
static void drain(struct batch *b, void (*move)(struct page *)) {
    unsigned long flags = spin_lock_irqsave(&lru_lock);
    for (u32 i = 0; i < b->count; i++) move(b->pages[i]);
    spin_unlock_irqrestore(&lru_lock, flags);
    u32 n = b->count;
    b->count = 0;
    for (u32 i = 0; i < n; i++) release(b->pages[i]);
}

static void push(struct batch *b, struct page *p, void (*move)(struct page *)) {
    get_page(p);
    b->pages[b->count++] = p;
    if (b->count == BATCH) drain(b, move);
}

void lru_add(struct page *p) { push(&add_batch[hart_id()], p, lru_add_fn); }

void lru_drain(void) {
    drain(&add_batch[hart_id()], lru_add_fn);
    drain(&activate_batch[hart_id()], activate_fn);
}

void lru_del(struct page *p) {
    unsigned long flags = spin_lock_irqsave(&lru_lock);
    list_del(&p->lru);
    clear_bit(PG_LRU, &p->flags);
    mod_zone_stat(test_bit(PG_ACTIVE, &p->flags) ? ZONE_LRU_ACTIVE : ZONE_LRU_INACTIVE, -1);
    clear_bit(PG_ACTIVE, &p->flags);
    spin_unlock_irqrestore(&lru_lock, flags);
}

/* Inactive, unreferenced -> referenced; referenced -> active: two touches make a page worth keeping. */
void mark_page_accessed(struct page *p) {
    if (!test_bit(PG_REFERENCED, &p->flags)) {
        set_bit(PG_REFERENCED, &p->flags);
        return;
    }
    if (test_bit(PG_ACTIVE, &p->flags)) return;
    if (test_bit(PG_LRU, &p->flags)) push(&activate_batch[hart_id()], p, activate_fn);
    else set_bit(PG_ACTIVE, &p->flags); /* still on its way to the list */
    clear_bit(PG_REFERENCED, &p->flags);
}

void set_page_dirty(struct page *p) {
    if (!test_bit(PG_DIRTY, &p->flags)) set_bit(PG_DIRTY, &p->flags);
}
