#include "memcached.h"

/* A page holds at least the largest item. */
#define PAGE_BYTES ((1ul << 20) + 4096)
#define SMALLEST 96
#define MAX_CLASSES 64
#define MAX_PAGES 4096

struct class {
    size_t chunk;
    u64 pages, used, evictions;
    struct list free, lru; /* LRU: head = used last */
};

static struct class classes[MAX_CLASSES];
static int class_count;
static struct {
    u8 *at;
    u8 class;
} pages[MAX_PAGES];
static u64 page_count, page_limit;

void slabs_init(u64 limit_bytes) {
    page_limit = MIN(MAX(limit_bytes / PAGE_BYTES, 1), MAX_PAGES);
    /* Each class a quarter larger than the one before: at most a fifth of a chunk is waste. */
    for (size_t chunk = SMALLEST;; chunk = ALIGN_UP(chunk + chunk / 4, 8)) {
        /* Few large chunks fit into a page: make them as large as their number allows. */
        size_t number = PAGE_BYTES / chunk;
        if (number < 8) chunk = ALIGN_DOWN(PAGE_BYTES / number, 8);
        struct class *c = &classes[class_count++];
        c->chunk = chunk;
        list_init(&c->free);
        list_init(&c->lru);
        if (number == 1) break;
    }
}

u64 slabs_limit(void) { return page_limit * PAGE_BYTES; }

static struct class *class_for(size_t bytes) {
    int low = 0, high = class_count - 1;
    while (low < high) {
        int middle = (low + high) / 2;
        if (classes[middle].chunk < bytes) low = middle + 1;
        else high = middle;
    }
    return &classes[low];
}

static struct item *chunk_of(u64 page, size_t index) {
    return (struct item *)(pages[page].at + index * classes[pages[page].class].chunk);
}
static size_t chunks_of(const struct class *c) { return PAGE_BYTES / c->chunk; }

static void give_page(struct class *c, u64 page) {
    pages[page].class = (u8)(c - classes);
    c->pages++;
    for (size_t i = 0; i < chunks_of(c); i++) {
        struct item *it = chunk_of(page, i);
        it->class = pages[page].class;
        it->state = ITEM_FREE;
        it->users = 0;
        list_add_tail(&c->free, &it->list);
    }
}

static bool new_page(struct class *c) {
    if (page_count == page_limit) return false;
    u8 *at = map_pages(PAGE_BYTES);
    if (!at) {
        page_limit = page_count; /* less memory than promised: make do */
        return false;
    }
    pages[page_count].at = at;
    give_page(c, page_count++);
    return true;
}

/* A page can move when no request or reply is at work in it. */
static bool page_movable(u64 page) {
    for (size_t i = 0; i < chunks_of(&classes[pages[page].class]); i++) {
        const struct item *it = chunk_of(page, i);
        if (it->state == ITEM_DETACHED || it->users) return false;
    }
    return true;
}

/* Takes a page, with what it holds, from the class that has most. */
static bool take_page(struct class *to) {
    struct class *from = NULL;
    u64 victim = 0;
    for (u64 page = 0; page < page_count; page++) {
        struct class *c = &classes[pages[page].class];
        if (c == to || (from && c->pages <= from->pages) || !page_movable(page)) continue;
        from = c;
        victim = page;
    }
    if (!from) return false;
    for (size_t i = 0; i < chunks_of(from); i++) {
        struct item *it = chunk_of(victim, i);
        if (it->state == ITEM_LINKED) {
            from->evictions++;
            stats.evictions++;
            item_unlink(it); /* back into the free list */
        }
        list_del(&it->list);
    }
    from->pages--;
    give_page(to, victim);
    return true;
}

/* Throws out the item of the class that was not used for longest. */
static bool evict(struct class *c) {
    for (struct list *at = c->lru.prev; at != &c->lru; at = at->prev) {
        struct item *it = list_entry(at, struct item, list);
        if (it->users) continue;
        c->evictions++;
        stats.evictions++;
        item_unlink(it);
        return true;
    }
    return false;
}

struct item *slabs_alloc(size_t key, size_t value) {
    struct class *c = class_for(item_bytes(key, value));
    if (list_empty(&c->free) && !new_page(c) && !evict(c) && !take_page(c)) return NULL;
    struct item *it = list_entry(c->free.next, struct item, list);
    list_del(&it->list);
    c->used++;
    it->state = ITEM_DETACHED;
    it->users = 0;
    it->key_bytes = (u8)key;
    it->value_bytes = (u32)value;
    return it;
}

void slabs_free(struct item *it) {
    struct class *c = &classes[it->class];
    it->state = ITEM_FREE;
    list_add(&c->free, &it->list);
    c->used--;
}

void slabs_linked(struct item *it) { list_add(&classes[it->class].lru, &it->list); }

void slabs_used(struct item *it) {
    list_del(&it->list);
    slabs_linked(it);
}

void slabs_unlinked(struct item *it) { list_del(&it->list); }

static void put_stat(struct buffer *out, const char *prefix, int class, const char *name, u64 value) {
    buf_text(out, prefix);
    buf_u64(out, (u64)class + 1);
    buf_text(out, name);
    buf_u64(out, value);
    buf_text(out, "\r\n");
}

/* `stats slabs` and `stats items`: the classes in use. */
void slabs_report(struct buffer *out, bool items) {
    for (int i = 0; i < class_count; i++) {
        const struct class *c = &classes[i];
        if (!c->pages) continue;
        const char *prefix = items ? "STAT items:" : "STAT ";
        if (items) {
            put_stat(out, prefix, i, ":number ", c->used);
            put_stat(out, prefix, i, ":evicted ", c->evictions);
        } else {
            put_stat(out, prefix, i, ":chunk_size ", c->chunk);
            put_stat(out, prefix, i, ":total_pages ", c->pages);
            put_stat(out, prefix, i, ":used_chunks ", c->used);
        }
    }
}
