/*
 * Small objects: for each power of two a list of pages with free objects; free objects of a page are chained through
 * their first word. A page that becomes empty goes back to the page allocator.
 */
#include "kernel.h"

#define MIN_SHIFT 5
#define MAX_SHIFT 11
#define CACHES (MAX_SHIFT - MIN_SHIFT + 1)

static struct cache {
    spinlock_t lock;
    struct list partial; /* of struct page.lru */
    u32 shift;
} caches[CACHES];

static void cache_init(struct cache *c, u32 shift) {
    c->shift = shift;
    list_init(&c->partial);
}

static struct cache *cache_for(size_t size) {
    u32 shift = MIN_SHIFT;
    while ((1UL << shift) < size) shift++;
    struct cache *c = &caches[shift - MIN_SHIFT];
    if (unlikely(!c->shift)) cache_init(c, shift);
    return c;
}

/* A fresh page, its objects chained in address order. */
static struct page *new_slab(struct cache *c) {
    struct page *p = alloc_pages(0, GFP_KERNEL);
    if (!p) return NULL;
    u64 base = (u64)page_address(p), size = 1UL << c->shift;
    for (u64 o = base; o < base + PAGE_SIZE; o += size) *(u64 *)o = o + size < base + PAGE_SIZE ? o + size : 0;
    p->flags = BIT(PG_SLAB);
    p->mapping = c;
    p->index = base;
    mod_zone_stat(ZONE_SLAB_PAGES, 1);
    return p;
}

void *kmalloc(size_t size) {
    if (size > 1UL << MAX_SHIFT) {
        unsigned order = 0;
        while ((PAGE_SIZE << order) < size) order++;
        struct page *p = alloc_pages(order, GFP_KERNEL);
        return p ? page_address(p) : NULL;
    }
    struct cache *c = cache_for(size);
    unsigned long flags = spin_lock_irqsave(&c->lock);
    if (list_empty(&c->partial)) {
        struct page *fresh = new_slab(c);
        if (!fresh) {
            spin_unlock_irqrestore(&c->lock, flags);
            return NULL;
        }
        list_add(&c->partial, &fresh->lru);
    }
    struct page *p = list_entry(c->partial.next, struct page, lru);
    u64 *object = (u64 *)p->index;
    p->index = *object;
    p->inuse++;
    if (!p->index) list_del(&p->lru);
    spin_unlock_irqrestore(&c->lock, flags);
    return object;
}

void *kzalloc(size_t size) {
    void *o = kmalloc(size);
    if (o) memset(o, 0, size);
    return o;
}

void kfree(void *object) {
    if (!object) return;
    struct page *p = virt_to_page((void *)((u64)object & PAGE_MASK));
    if (!(p->flags & BIT(PG_SLAB))) {
        put_page(p);
        return;
    }
    struct cache *c = p->mapping;
    unsigned long flags = spin_lock_irqsave(&c->lock);
    if (!p->index) list_add(&c->partial, &p->lru);
    *(u64 *)object = p->index;
    p->index = (u64)object;
    bool empty = --p->inuse == 0;
    if (empty) list_del(&p->lru);
    spin_unlock_irqrestore(&c->lock, flags);
    if (!empty) return;
    p->flags = 0;
    mod_zone_stat(ZONE_SLAB_PAGES, -1);
    free_pages(p, 0);
}
