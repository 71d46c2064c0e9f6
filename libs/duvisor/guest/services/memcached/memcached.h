/* memcached: an in-memory cache that speaks memcached's text protocol over TCP and UDP. Types and prototypes by file. */
#ifndef SERVICES_MEMCACHED_H
#define SERVICES_MEMCACHED_H

#include "../common/loop.h"
#include "kernel/list.h"

#define KEY_MAX 250
#define VALUE_MAX (1ul << 20)
/* Expiry times up to this are relative, beyond it seconds since 1970. */
#define RELATIVE_SECONDS_MAX (30 * 24 * 3600)

enum item_state {
    ITEM_FREE,     /* in its class's free list */
    ITEM_DETACHED, /* being filled, or deleted while a reply still sends it */
    ITEM_LINKED,   /* in the hash table and in its class's LRU list */
};

/* One chunk of a slab page. */
struct item {
    struct item *hash_next;
    struct list list; /* LRU or free list of its class */
    u64 unique;       /* CAS unique */
    u64 expires;      /* seconds since 1970; 0 = never, 1 = already */
    u32 flags, value_bytes;
    u16 users; /* replies that still send it */
    u8 key_bytes, class, state;
    u8 bytes[]; /* key, value, CRLF */
};

static inline u8 *item_value(struct item *it) { return it->bytes + it->key_bytes; }
static inline size_t item_bytes(size_t key, size_t value) { return sizeof(struct item) + key + value + 2; }

struct stats {
    u64 cmd_get, cmd_set, cmd_flush, cmd_touch;
    u64 get_hits, get_misses, get_expired;
    u64 delete_hits, delete_misses, incr_hits, incr_misses, decr_hits, decr_misses;
    u64 cas_hits, cas_misses, cas_badval, touch_hits, touch_misses;
    u64 store_too_large, total_items, curr_items, evictions, bytes;
};
extern struct stats stats;

/* slabs.c: pages cut into chunks of one size each; LRU eviction inside a size class, pages move between classes. */
void slabs_init(u64 limit_bytes);
/* A detached item, contents undefined; NULL when all memory is in use by replies and requests under way. */
struct item *slabs_alloc(size_t key, size_t value);
void slabs_free(struct item *it); /* detached, no users */
void slabs_linked(struct item *it);
void slabs_used(struct item *it); /* becomes the last to be evicted of its class */
void slabs_unlinked(struct item *it);
void slabs_report(struct buffer *out, bool items);
u64 slabs_limit(void);

/* items.c: the hash table, expiry, what a store does. */
void items_init(u64 limit_bytes);
struct item *item_find(struct slice key); /* alive; counts as use */
void item_link(struct item *it);          /* gets the next CAS unique; replaces an item with the same key */
void item_unlink(struct item *it);
void item_release(struct item *it); /* of a user, or a detached item that is not wanted any more */
u64 item_expiry(s64 exptime);
void items_flush_at(u64 seconds);
void items_turn(void); /* once per turn of the loop: a delayed flush */

enum store { STORE_SET, STORE_ADD, STORE_REPLACE, STORE_APPEND, STORE_PREPEND, STORE_CAS };
/* Takes over `it`, which is detached and complete. Returns the reply. */
const char *item_store(struct item *it, enum store how, u64 unique);
/* incr and decr. The new number goes to *result. Returns the reply where it is not that number, else NULL. */
const char *item_count(struct slice key, bool up, u64 delta, u64 *result);

/* A connection, or what stands for one while a datagram is served. */
struct client {
    struct conn conn;
    /* get in progress: the line is still in `in` */
    size_t line_bytes, key_at; /* from buf_head(in); 0 = none */
    bool with_unique;
    struct item *sending; /* its value and CRLF follow `out` */
    size_t sent;
    /* store in progress */
    struct item *filling;
    size_t missing; /* bytes of value and CRLF */
    enum store how;
    u64 unique;
    bool noreply;
    size_t skip; /* bytes of a value that is too large */
};

/* protocol.c: commands to replies. */
bool client_serve(struct conn *c);
enum sent client_send_item(struct conn *c);
void client_close(struct conn *c);

/* report.c: `stats`. False: no such statistics. */
void report_start(void);
bool report_stats(struct buffer *out, struct slice about);

/* udp.c */
void udp_start(u32 address, u64 port);

#endif
