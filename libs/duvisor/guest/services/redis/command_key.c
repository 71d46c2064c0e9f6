#include "redis.h"

void do_dbsize(struct client *c) {
    expire_due((u32)-1);
    reply_integer(c, (s64)keys->count);
}

void do_flushall(struct client *c) {
    if (c->argc > 2 || (c->argc == 2 && !slice_is_nocase(arg(c, 1), "sync") && !slice_is_nocase(arg(c, 1), "async"))) {
        reply_error(c, ERROR_SYNTAX);
        return;
    }
    database_clear();
    reply_status(c, "OK");
}

void do_flushdb(struct client *c) { do_flushall(c); }

void do_keys(struct client *c) {
    size_t mark = reply_later(c);
    u64 count = 0;
    expire_due((u32)-1);
    dict_for_each(e, keys) {
        if (!glob_matches(arg(c, 1), entry_key(e))) continue;
        reply_bulk(c, entry_key(e));
        count++;
    }
    reply_length(c, mark, count);
}

void do_type(struct client *c) {
    static const char *const names[] = { "string", "hash", "list", "set" };
    struct entry *e = key_find(arg(c, 1));
    reply_status(c, e ? names[e->type] : "none");
}

void do_del(struct client *c) {
    s64 deleted = 0;
    for (u32 i = 1; i < c->argc; i++) {
        struct entry *e = key_find(arg(c, i));
        if (!e) continue;
        key_delete(e);
        deleted++;
    }
    reply_integer(c, deleted);
}

void do_exists(struct client *c) {
    s64 found = 0;
    for (u32 i = 1; i < c->argc; i++) found += key_find(arg(c, i)) != NULL;
    reply_integer(c, found);
}

static void expire(struct client *c, s64 unit_ms, const char *invalid) {
    bool nx = false, xx = false, gt = false, lt = false;
    s64 deadline;
    for (u32 i = 3; i < c->argc; i++) {
        struct slice option = arg(c, i);
        if (slice_is_nocase(option, "nx")) nx = true;
        else if (slice_is_nocase(option, "xx")) xx = true;
        else if (slice_is_nocase(option, "gt")) gt = true;
        else if (slice_is_nocase(option, "lt")) lt = true;
        else {
            u8 text[256];
            struct buffer b = { text, 0, 0, sizeof text };
            buf_text(&b, "ERR Unsupported option ");
            buf_put(&b, option.at, strnlen((const char *)option.at, MIN(option.length, 200)));
            reply_error_text(c, text, b.end);
            return;
        }
    }
    if (nx && (xx || gt || lt)) {
        reply_error(c, "ERR NX and XX, GT or LT options at the same time are not compatible");
        return;
    }
    if (gt && lt) {
        reply_error(c, "ERR GT and LT options at the same time are not compatible");
        return;
    }
    if (!arg_integer(c, 2, &deadline)) return;
    if (__builtin_mul_overflow(deadline, unit_ms, &deadline) ||
        __builtin_add_overflow(deadline, (s64)now_ms, &deadline)) {
        reply_error(c, invalid);
        return;
    }
    struct entry *e = key_find(arg(c, 1));
    bool refused = !e || (nx && e->expires) || (xx && !e->expires) ||
                   (gt && (!e->expires || deadline <= (s64)e->expires)) ||
                   (lt && e->expires && deadline >= (s64)e->expires);
    if (!refused) {
        if (deadline <= (s64)now_ms) key_delete(e);
        else key_expire_at(e, (u64)deadline);
    }
    reply_integer(c, !refused);
}

void do_expire(struct client *c) { expire(c, 1000, "ERR invalid expire time in 'expire' command"); }
void do_pexpire(struct client *c) { expire(c, 1, "ERR invalid expire time in 'pexpire' command"); }

/* Milliseconds to live, or the reply for none (-1) and for no key (-2). */
static s64 time_to_live(struct slice key) {
    struct entry *e = key_find(key);
    if (!e) return -2;
    return e->expires ? (s64)(e->expires - now_ms) : -1;
}

void do_ttl(struct client *c) {
    s64 left = time_to_live(arg(c, 1));
    reply_integer(c, left < 0 ? left : (left + 500) / 1000);
}

void do_pttl(struct client *c) { reply_integer(c, time_to_live(arg(c, 1))); }

void do_persist(struct client *c) {
    struct entry *e = key_find(arg(c, 1));
    bool volatile_key = e && e->expires;
    if (volatile_key) key_expire_at(e, 0);
    reply_integer(c, volatile_key);
}
