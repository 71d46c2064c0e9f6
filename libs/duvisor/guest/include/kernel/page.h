/*
 * Physical pages (host/page.c buddy + per-hart lists, host/lru.c ageing, host/contig.c large areas).
 * Every RAM page has a struct page; one is written only when its page is first handed out.
 */
#ifndef KERNEL_PAGE_H
#define KERNEL_PAGE_H

#include "kernel/atomic.h"
#include "kernel/layout.h"
#include "kernel/list.h"

enum page_flags {
    PG_BUDDY = 0, /* head of a free block; `order` says how large */
    PG_SLAB,
    PG_LRU,
    PG_ACTIVE,
    PG_REFERENCED,
    PG_DIRTY,
    PG_UPTODATE,
    PG_SWAPBACKED,
    PG_RESERVED, /* never freed: kernel image, device memory */
};

struct page {
    u64 flags;
    struct list lru;    /* buddy free list, per-hart list or LRU list */
    void *mapping;      /* anonymous page: the mm it belongs to; slab: its cache */
    u64 index;          /* anonymous page: virtual page number; slab: first free object */
    atomic_t mapcount;  /* page-table entries that map it */
    atomic_t refcount;
    u32 order;
    u32 inuse;          /* slab: objects handed out */
} __attribute__((aligned(64)));

enum gfp {
    GFP_KERNEL = 0,
    GFP_ZERO = 1, /* fill with zero */
};

extern struct page *page_array;  /* indexed by pfn - page_base */
extern u64 page_base, page_limit; /* first pfn of RAM, one past the last */

static inline u64 page_to_pfn(const struct page *p) { return page_base + (u64)(p - page_array); }
static inline struct page *pfn_to_page(u64 pfn) { return &page_array[pfn - page_base]; }
static inline bool pfn_valid(u64 pfn) { return pfn >= page_base && pfn < page_limit; }
static inline paddr_t page_to_phys(const struct page *p) { return page_to_pfn(p) << PAGE_SHIFT; }
static inline void *page_address(const struct page *p) { return phys_to_virt(page_to_phys(p)); }
static inline struct page *virt_to_page(const void *v) { return pfn_to_page(virt_to_phys(v) >> PAGE_SHIFT); }

/* 2^order pages, refcount 1, or null when memory is out. */
struct page *alloc_pages(unsigned order, unsigned gfp);
/* One zeroed page by its kernel address, or null. */
void *get_zeroed_page(void);
void free_pages(struct page *page, unsigned order);
static inline void free_page_at(void *addr) { free_pages(virt_to_page(addr), 0); }

static inline void get_page(struct page *p) { atomic_inc(&p->refcount); }
/* Drop a reference; the last one frees the page (and takes it off the LRU). */
void put_page(struct page *page);

/* A physically contiguous area (the DV-driver's HPM), 16 KiB aligned, all zero; 0 when there is none. No struct pages. */
paddr_t contig_alloc(u64 bytes);
void contig_free(paddr_t base, u64 bytes);

/* Ageing (lru.c): new pages wait in a per-hart batch before they enter the zone's list. */
void lru_add(struct page *page);
void lru_del(struct page *page);
void mark_page_accessed(struct page *page);
void set_page_dirty(struct page *page);

/* Counters of the one memory zone, kept as per-hart differences folded in batches. */
enum zone_stat { ZONE_FREE_PAGES, ZONE_ANON_PAGES, ZONE_LRU_INACTIVE, ZONE_LRU_ACTIVE, ZONE_PAGE_TABLES, ZONE_SLAB_PAGES, ZONE_STATS };
void mod_zone_stat(enum zone_stat item, s64 delta);
s64 zone_stat(enum zone_stat item);

/* What happened so far, counted per hart. */
enum vm_event { EVENT_PAGE_ALLOC, EVENT_PAGE_FREE, EVENT_PAGE_FAULT, EVENT_PAGE_ACTIVATE, VM_EVENTS };
void count_vm_event(enum vm_event event);
u64 vm_event(enum vm_event event);

#endif
