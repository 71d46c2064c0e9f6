#include "redis.h"

/* Keys that one turn of the loop deletes because their time is over. */
#define EXPIRE_STEP 64

struct dict *keys;
u64 expired_keys;

/* Keys with a deadline, a binary heap: the one that is due first on top. */
static struct entry **timers;
static u32 timer_count, timer_capacity;

void database_init(void) { keys = dict_new(); }

static void place(u32 at, struct entry *e) {
    timers[at] = e;
    e->timer_at = at + 1;
}

static void rise(u32 at, struct entry *e) {
    while (at > 0 && timers[(at - 1) / 2]->expires > e->expires) {
        place(at, timers[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(at, e);
}

static void sink(u32 at, struct entry *e) {
    for (;;) {
        u32 child = 2 * at + 1;
        if (child + 1 < timer_count && timers[child + 1]->expires < timers[child]->expires) child++;
        if (child >= timer_count || timers[child]->expires >= e->expires) break;
        place(at, timers[child]);
        at = child;
    }
    place(at, e);
}

static void drop_timer(struct entry *e) {
    if (!e->timer_at) return;
    u32 at = e->timer_at - 1;
    struct entry *last = timers[--timer_count];
    e->timer_at = 0;
    if (last == e) return;
    if (last->expires < e->expires) rise(at, last);
    else sink(at, last);
}

void key_expire_at(struct entry *e, u64 deadline) {
    drop_timer(e);
    e->expires = deadline;
    if (!deadline) return;
    if (timer_count == timer_capacity) {
        timer_capacity = MAX(64, timer_capacity * 2);
        timers = heap_grow(timers, timer_capacity * sizeof *timers);
    }
    rise(timer_count++, e);
}

static void free_value(struct entry *e) {
    if (e->type == TYPE_STRING) heap_free(e->string);
    else if (e->type == TYPE_LIST) array_free(e->array);
    else dict_free(e->dict);
}

static void free_key(struct entry *e) {
    free_value(e);
    heap_free(e);
}

void key_delete(struct entry *e) {
    drop_timer(e);
    dict_unlink(keys, e);
    free_key(e);
}

struct entry *key_find(struct slice key) {
    struct entry *e = dict_find(keys, key);
    if (!e || !e->expires || e->expires > now_ms) return e;
    expired_keys++;
    key_delete(e);
    return NULL;
}

bool key_find_type(struct client *c, struct slice key, enum type type, struct entry **found) {
    *found = key_find(key);
    if (!*found || (*found)->type == type) return true;
    reply_error(c, "WRONGTYPE Operation against a key holding the wrong kind of value");
    return false;
}

struct entry *key_make(struct slice key, enum type type) {
    struct entry *e = dict_add(keys, key);
    e->type = (u8)type;
    if (type == TYPE_LIST) e->array = array_new();
    else if (type != TYPE_STRING) e->dict = dict_new();
    return e;
}

void key_set_string(struct slice key, struct str *s) {
    struct entry *e = key_find(key);
    if (e) free_value(e);
    else e = dict_add(keys, key);
    e->type = TYPE_STRING;
    e->string = s;
}

void database_clear(void) {
    timer_count = 0;
    dict_clear(keys, free_key);
}

bool expire_due(u32 limit) {
    for (; timer_count && timers[0]->expires <= now_ms; limit--) {
        if (!limit) return false;
        expired_keys++;
        key_delete(timers[0]);
    }
    return true;
}

s64 database_tick(void) {
    if (!expire_due(EXPIRE_STEP)) return 0;
    if (!timer_count) return -1;
    u64 left = timers[0]->expires > now_ms ? timers[0]->expires - now_ms : 0;
    return (s64)MIN(left, 1u << 30);
}
