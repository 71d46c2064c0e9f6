#include "redis.h"

#define SMALLEST 4
/* Buckets that each operation moves while the table changes its size. */
#define MOVES 4

struct dict *dict_new(void) {
    struct dict *d = heap_zalloc(sizeof *d);
    list_init(&d->order);
    return d;
}

static void start_move(struct dict *d, u64 size) {
    d->tables[1] = heap_zalloc(size * sizeof *d->tables[1]);
    d->sizes[1] = size;
    d->moved = 0;
}

static void move_some(struct dict *d) {
    if (!d->tables[1]) return;
    for (int i = 0; i < MOVES && d->moved < d->sizes[0]; i++, d->moved++) {
        struct entry *e = d->tables[0][d->moved];
        d->tables[0][d->moved] = NULL;
        while (e) {
            struct entry *next = e->chain;
            struct entry **to = &d->tables[1][e->hash & (d->sizes[1] - 1)];
            e->chain = *to;
            *to = e;
            e = next;
        }
    }
    if (d->moved < d->sizes[0]) return;
    heap_free(d->tables[0]);
    d->tables[0] = d->tables[1];
    d->sizes[0] = d->sizes[1];
    d->tables[1] = NULL;
    d->sizes[1] = 0;
}

static void fit_size(struct dict *d) {
    if (d->tables[1]) return;
    if (!d->tables[0]) {
        d->tables[0] = heap_zalloc(SMALLEST * sizeof *d->tables[0]);
        d->sizes[0] = SMALLEST;
    } else if (d->count >= d->sizes[0]) start_move(d, d->sizes[0] * 2);
    else if (d->sizes[0] > SMALLEST && d->count < d->sizes[0] / 8) start_move(d, d->sizes[0] / 4);
}

struct entry *dict_find(struct dict *d, struct slice key) {
    if (!d->count) return NULL;
    u64 hash = hash_bytes(key.at, key.length);
    move_some(d);
    for (int table = 0; table < 2 && d->tables[table]; table++)
        for (struct entry *e = d->tables[table][hash & (d->sizes[table] - 1)]; e; e = e->chain)
            if (e->hash == hash && e->key_length == key.length && memcmp(e->key, key.at, key.length) == 0) return e;
    return NULL;
}

struct entry *dict_add(struct dict *d, struct slice key) {
    struct entry *e = heap_alloc(sizeof *e + key.length);
    memset(e, 0, sizeof *e);
    e->hash = hash_bytes(key.at, key.length);
    e->key_length = (u32)key.length;
    memcpy(e->key, key.at, key.length);
    move_some(d);
    fit_size(d);
    int table = d->tables[1] != NULL;
    struct entry **to = &d->tables[table][e->hash & (d->sizes[table] - 1)];
    e->chain = *to;
    *to = e;
    list_add_tail(&d->order, &e->order);
    d->count++;
    return e;
}

void dict_unlink(struct dict *d, struct entry *e) {
    for (int table = 0; table < 2 && d->tables[table]; table++)
        for (struct entry **at = &d->tables[table][e->hash & (d->sizes[table] - 1)]; *at; at = &(*at)->chain)
            if (*at == e) {
                *at = e->chain;
                table = 2;
                break;
            }
    list_del(&e->order);
    d->count--;
    move_some(d);
    fit_size(d);
}

void dict_clear(struct dict *d, void (*release)(struct entry *e)) {
    list_for_each_safe(at, next, &d->order) release(container_of(at, struct entry, order));
    heap_free(d->tables[0]);
    heap_free(d->tables[1]);
    memset(d, 0, sizeof *d);
    list_init(&d->order);
}

static void release(struct entry *e) {
    heap_free(e->string);
    heap_free(e);
}

void dict_free(struct dict *d) {
    dict_clear(d, release);
    heap_free(d);
}
