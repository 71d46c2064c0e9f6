#include "memcached.h"

/* Assumed mean size of an item, for the number of hash buckets: the limit divided by it. */
#define MEAN_ITEM 256

struct stats stats;

static struct item **buckets;
static u64 bucket_mask;
static u64 last_unique;
static u64 flushed_unique; /* items up to this one are gone */
static bool flush_due;
static u64 flush_at; /* seconds since 1970 */

void items_init(u64 limit_bytes) {
    u64 count = 1024;
    while (count < limit_bytes / MEAN_ITEM) count *= 2;
    bucket_mask = count - 1;
    buckets = map_pages(count * sizeof *buckets);
    if (!buckets) die("memcached: no memory for %lu hash buckets", count);
}

static struct item **bucket_of(const u8 *key, size_t length) { return &buckets[hash_bytes(key, length) & bucket_mask]; }

static void unlink_from(struct item **at) {
    struct item *it = *at;
    *at = it->hash_next;
    slabs_unlinked(it);
    it->state = ITEM_DETACHED;
    stats.curr_items--;
    stats.bytes -= item_bytes(it->key_bytes, it->value_bytes);
    if (!it->users) slabs_free(it);
}

/* Where the item hangs, dead or alive; NULL when there is none. */
static struct item **lookup(struct slice key) {
    for (struct item **at = bucket_of(key.at, key.length); *at; at = &(*at)->hash_next)
        if ((*at)->key_bytes == key.length && memcmp((*at)->bytes, key.at, key.length) == 0) return at;
    return NULL;
}

/* Expiry times that are no time: the machine's clock may begin at 0. */
#define NEVER 0
#define AT_ONCE 1

static bool expired(const struct item *it) {
    return it->expires != NEVER && (it->expires == AT_ONCE || it->expires <= now_seconds());
}

struct item *item_find(struct slice key) {
    struct item **at = lookup(key);
    if (!at) return NULL;
    struct item *it = *at;
    if (it->unique <= flushed_unique || expired(it)) {
        if (it->unique > flushed_unique) stats.get_expired++;
        unlink_from(at);
        return NULL;
    }
    slabs_used(it);
    return it;
}

void item_unlink(struct item *it) { unlink_from(lookup((struct slice){ it->bytes, it->key_bytes })); }

void item_link(struct item *it) {
    struct slice key = { it->bytes, it->key_bytes };
    struct item **old = lookup(key);
    if (old) unlink_from(old);
    struct item **bucket = bucket_of(key.at, key.length);
    it->hash_next = *bucket;
    *bucket = it;
    it->state = ITEM_LINKED;
    it->unique = ++last_unique;
    slabs_linked(it);
    stats.curr_items++;
    stats.total_items++;
    stats.bytes += item_bytes(it->key_bytes, it->value_bytes);
}

void item_release(struct item *it) {
    if (it->users) it->users--;
    if (!it->users && it->state == ITEM_DETACHED) slabs_free(it);
}

u64 item_expiry(s64 exptime) {
    if (exptime <= 0) return exptime ? AT_ONCE : NEVER;
    return exptime <= RELATIVE_SECONDS_MAX ? MAX(now_seconds() + (u64)exptime, AT_ONCE + 1) : (u64)exptime;
}

void items_flush_at(u64 seconds) {
    flush_at = seconds;
    flush_due = true;
    items_turn();
}

void items_turn(void) {
    if (!flush_due || flush_at > now_seconds()) return;
    flushed_unique = last_unique;
    flush_due = false;
}

/* The old value with the new one behind or before it; takes over `it`, leaves `old`. NULL: no memory. */
static struct item *join(struct item *old, struct item *it, bool append) {
    old->users++; /* must not be evicted for the sake of its successor */
    struct item *whole = slabs_alloc(old->key_bytes, old->value_bytes + it->value_bytes);
    item_release(old);
    if (whole) {
        struct item *first = append ? old : it, *second = append ? it : old;
        memcpy(whole->bytes, old->bytes, old->key_bytes);
        memcpy(item_value(whole), item_value(first), first->value_bytes);
        memcpy(item_value(whole) + first->value_bytes, item_value(second), second->value_bytes + 2);
        whole->flags = old->flags;
        whole->expires = old->expires;
    }
    item_release(it);
    return whole;
}

static const char *refuse(struct item *it, const char *reply) {
    item_release(it);
    return reply;
}

const char *item_store(struct item *it, enum store how, u64 unique) {
    struct item *old = item_find((struct slice){ it->bytes, it->key_bytes });
    switch (how) {
    case STORE_SET: break;
    case STORE_ADD:
        if (old) return refuse(it, "NOT_STORED");
        break;
    case STORE_CAS:
        if (!old) stats.cas_misses++;
        else if (old->unique != unique) stats.cas_badval++;
        else stats.cas_hits++;
        if (!old) return refuse(it, "NOT_FOUND");
        if (old->unique != unique) return refuse(it, "EXISTS");
        break;
    case STORE_REPLACE:
        if (!old) return refuse(it, "NOT_STORED");
        break;
    case STORE_APPEND:
    case STORE_PREPEND:
        if (!old) return refuse(it, "NOT_STORED");
        if ((u64)old->value_bytes + it->value_bytes > VALUE_MAX)
            return refuse(it, "SERVER_ERROR object too large for cache");
        it = join(old, it, how == STORE_APPEND);
        if (!it) return "SERVER_ERROR out of memory storing object";
    }
    item_link(it);
    return "STORED";
}

static bool is_space(u8 c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* A number at the value's beginning, as strtoull finds it; the value's CRLF ends it at the latest. */
static bool value_number(struct item *it, u64 *number) {
    const u8 *at = item_value(it);
    const u8 *end = at + it->value_bytes;
    while (at < end && is_space(*at)) at++;
    if (at < end && *at == '+') at++;
    const u8 *digits = at;
    u64 sum = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, *at - '0', &sum)) return false;
    *number = sum;
    return at > digits && (at == end || is_space(*at));
}

const char *item_count(struct slice key, bool up, u64 delta, u64 *result) {
    u8 text[20];
    struct item *it = item_find(key);
    u64 *hits = up ? &stats.incr_hits : &stats.decr_hits, *misses = up ? &stats.incr_misses : &stats.decr_misses;
    ++*(it ? hits : misses);
    if (!it) return "NOT_FOUND";
    u64 number;
    if (!value_number(it, &number)) return "CLIENT_ERROR cannot increment or decrement non-numeric value";
    number = up ? number + delta : number - MIN(number, delta);
    size_t length = (size_t)format_u64(text, number);
    *result = number;
    if (length <= it->value_bytes && !it->users) {
        /* In place: a number that lost digits is filled up with blanks. */
        memcpy(item_value(it), text, length);
        memset(item_value(it) + length, ' ', it->value_bytes - length);
        it->unique = ++last_unique;
        return NULL;
    }
    size_t value = MAX(length, it->value_bytes);
    it->users++;
    struct item *longer = slabs_alloc(it->key_bytes, value);
    if (longer) {
        memcpy(longer->bytes, it->bytes, it->key_bytes);
        memcpy(item_value(longer), text, length);
        memset(item_value(longer) + length, ' ', value - length);
        memcpy(item_value(longer) + value, "\r\n", 2);
        longer->flags = it->flags;
        longer->expires = it->expires;
    }
    item_release(it);
    if (!longer) return "SERVER_ERROR out of memory in incr";
    item_link(longer);
    return NULL;
}
