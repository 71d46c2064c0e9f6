#include "redis.h"

/*
 * A block is a header of 8 bytes and its payload. A free block has its links at the beginning of the payload and its size once
 * more in its last 8 bytes, where its successor finds it.
 */
struct block {
    u64 size; /* bytes with the header, a multiple of 16, and two flags */
    struct list link;
};
#define FREE 1ul
#define PREVIOUS_FREE 2ul
#define HEADER sizeof(u64)
#define SMALLEST 32ul
#define CHUNK (1ul << 20)

/* Free lists by size: for each power of two, four steps. */
#define STEPS 4
#define LISTS (64 * STEPS)

u64 heap_used, heap_peak, memory_limit;

static struct list lists[LISTS];
static u64 filled[LISTS / 64]; /* bit set: the list is not empty */
static bool ready;

static u64 size_of(const struct block *b) { return b->size & ~(FREE | PREVIOUS_FREE); }
static struct block *next_of(struct block *b) { return (struct block *)((u8 *)b + size_of(b)); }

static u32 log2_of(u64 x) {
    u32 n = 0;
    for (u32 step = 32; step; step /= 2)
        if (x >> step) x >>= step, n += step;
    return n;
}

/* The list whose blocks have this size or up to a quarter more. */
static u32 list_for(u64 size) {
    u32 power = log2_of(size);
    return power * STEPS + (u32)((size >> (power - 2)) & (STEPS - 1));
}

static void insert_free(struct block *b, u64 size) {
    u32 n = list_for(size);
    struct block *next;
    b->size = size | FREE;
    next = next_of(b);
    ((u64 *)next)[-1] = size;
    next->size |= PREVIOUS_FREE;
    list_add(&lists[n], &b->link);
    filled[n / 64] |= BIT(n % 64);
}

static void remove_free(struct block *b) {
    u32 n = list_for(size_of(b));
    list_del(&b->link);
    if (list_empty(&lists[n])) filled[n / 64] &= ~BIT(n % 64);
}

/* A block that surely fits: from the lists above the one that the size belongs to. */
static struct block *find_free(u64 size) {
    u32 n = list_for(size + (1ul << (log2_of(size) - 2)) - 1);
    for (u32 word = n / 64; word < LISTS / 64; word++) {
        u64 bits = filled[word] & (word == n / 64 ? ~0ul << (n % 64) : ~0ul);
        if (!bits) continue;
        u32 first = log2_of(bits & -bits);
        return container_of(lists[word * 64 + first].next, struct block, link);
    }
    return NULL;
}

/* More memory: one free block between two ends that never merge. */
static void add_chunk(u64 size) {
    u64 bytes = ALIGN_UP(size + size / 4 + 64, CHUNK);
    u8 *at = map_pages(bytes);
    if (!at) die("redis: out of memory: %lu bytes in use", heap_used);
    struct block *first = (struct block *)(at + HEADER); /* payloads are multiples of 16 */
    u64 free_size = ALIGN_DOWN(bytes - 2 * HEADER, 16);
    struct block *end = (struct block *)((u8 *)first + free_size);
    end->size = HEADER; /* in use for ever */
    insert_free(first, free_size);
}

void *heap_alloc(size_t bytes) {
    u64 size = MAX(ALIGN_UP(bytes + HEADER, 16), SMALLEST);
    if (!ready) {
        for (u32 n = 0; n < LISTS; n++) list_init(&lists[n]);
        ready = true;
    }
    struct block *b = find_free(size);
    if (!b) {
        add_chunk(size);
        b = find_free(size);
    }
    remove_free(b);
    u64 rest = size_of(b) - size;
    if (rest >= SMALLEST) insert_free((struct block *)((u8 *)b + size), rest);
    else {
        size += rest;
        ((struct block *)((u8 *)b + size))->size &= ~PREVIOUS_FREE;
    }
    b->size = size;
    heap_used += size;
    heap_peak = MAX(heap_peak, heap_used);
    return (u8 *)b + HEADER;
}

void *heap_zalloc(size_t bytes) { return memset(heap_alloc(bytes), 0, bytes); }

void heap_free(void *payload) {
    if (!payload) return;
    struct block *b = (struct block *)((u8 *)payload - HEADER);
    struct block *next = next_of(b);
    u64 size = size_of(b);
    heap_used -= size;
    if (next->size & FREE) {
        remove_free(next);
        size += size_of(next);
    }
    if (b->size & PREVIOUS_FREE) {
        b = (struct block *)((u8 *)b - ((u64 *)b)[-1]);
        remove_free(b);
        size += size_of(b);
    }
    insert_free(b, size);
}

void *heap_grow(void *payload, size_t bytes) {
    if (!payload) return heap_alloc(bytes);
    u64 room = size_of((struct block *)((u8 *)payload - HEADER)) - HEADER;
    if (bytes <= room) return payload;
    void *larger = heap_alloc(bytes);
    memcpy(larger, payload, room);
    heap_free(payload);
    return larger;
}

struct str *str_new(struct slice text) {
    struct str *s = heap_alloc(sizeof *s + text.length);
    s->length = s->capacity = (u32)text.length;
    memcpy(s->bytes, text.at, text.length);
    return s;
}

struct str *str_append(struct str *s, struct slice text) {
    u64 length = s->length + text.length;
    if (length > s->capacity) {
        u64 capacity = MIN(2 * length, STRING_MAX);
        s = heap_grow(s, sizeof *s + capacity);
        s->capacity = (u32)capacity;
    }
    memcpy(s->bytes + s->length, text.at, text.length);
    s->length = (u32)length;
    return s;
}
