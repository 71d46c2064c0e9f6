#include "redis.h"

struct set_options {
    bool nx, xx, get, keep;
    u64 deadline;
};

static bool parse_deadline(struct client *c, u32 i, bool seconds, bool absolute, u64 *deadline) {
    s64 time;
    if (!arg_integer(c, i, &time)) return false;
    if (time <= 0 || __builtin_mul_overflow(time, seconds ? 1000 : 1, &time) ||
        (!absolute && __builtin_add_overflow(time, (s64)now_ms, &time))) {
        reply_error(c, "ERR invalid expire time in 'set' command");
        return false;
    }
    *deadline = (u64)time;
    return true;
}

/*
 * The words from the fourth on. The time is read last: a wrong word counts before a wrong number. The same unit twice is fine,
 * the last counts.
 */
static bool parse_set_options(struct client *c, struct set_options *o) {
    static const struct {
        const char *name;
        bool seconds, absolute;
    } times[] = { { "ex", true, false }, { "px", false, false }, { "exat", true, true }, { "pxat", false, true } };
    u32 time_at = 0, kind = 0;
    for (u32 i = 3; i < c->argc; i++) {
        struct slice word = arg(c, i);
        bool known = true;
        if (slice_is_nocase(word, "nx") && !o->xx) o->nx = true;
        else if (slice_is_nocase(word, "xx") && !o->nx) o->xx = true;
        else if (slice_is_nocase(word, "get")) o->get = true;
        else if (slice_is_nocase(word, "keepttl") && !time_at) o->keep = true;
        else known = false;
        for (u32 t = 0; t < ARRAY_SIZE(times) && !known; t++)
            if (slice_is_nocase(word, times[t].name) && !o->keep && (!time_at || kind == t) && i + 1 < c->argc) {
                kind = t;
                time_at = ++i;
                known = true;
            }
        if (!known) {
            reply_error(c, ERROR_SYNTAX);
            return false;
        }
    }
    return !time_at || parse_deadline(c, time_at, times[kind].seconds, times[kind].absolute, &o->deadline);
}

void do_set(struct client *c) {
    struct set_options o = { 0 };
    struct entry *e;
    if (!parse_set_options(c, &o)) return;
    if (!o.get) e = key_find(arg(c, 1));
    else if (!key_find_type(c, arg(c, 1), TYPE_STRING, &e)) return;
    bool refused = (o.nx && e) || (o.xx && !e);
    if (o.get) reply_string(c, e ? e->string : NULL);
    else if (refused) reply_null(c);
    else reply_status(c, "OK");
    if (refused) return;
    key_set_string(arg(c, 1), str_new(arg(c, 2)));
    if (o.keep) return;
    e = dict_find(keys, arg(c, 1));
    if (o.deadline && o.deadline <= now_ms) key_delete(e);
    else key_expire_at(e, o.deadline);
}

void do_get(struct client *c) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_STRING, &e)) return;
    ++*(e ? &server_stats.hits : &server_stats.misses);
    reply_string(c, e ? e->string : NULL);
}

void do_setnx(struct client *c) {
    bool free = !key_find(arg(c, 1));
    if (free) key_set_string(arg(c, 1), str_new(arg(c, 2)));
    reply_integer(c, free);
}

void do_getset(struct client *c) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_STRING, &e)) return;
    reply_string(c, e ? e->string : NULL);
    if (e) key_expire_at(e, 0);
    key_set_string(arg(c, 1), str_new(arg(c, 2)));
}

void do_mget(struct client *c) {
    reply_array(c, c->argc - 1);
    for (u32 i = 1; i < c->argc; i++) {
        struct entry *e = key_find(arg(c, i));
        reply_string(c, e && e->type == TYPE_STRING ? e->string : NULL);
    }
}

void do_mset(struct client *c) {
    if (c->argc % 2 == 0) {
        reply_error_arity(c, arg(c, 0));
        return;
    }
    for (u32 i = 1; i < c->argc; i += 2) {
        struct entry *e = key_find(arg(c, i));
        if (e) key_expire_at(e, 0);
        key_set_string(arg(c, i), str_new(arg(c, i + 1)));
    }
    reply_status(c, "OK");
}

void do_append(struct client *c) {
    struct entry *e;
    struct slice text = arg(c, 2);
    if (!key_find_type(c, arg(c, 1), TYPE_STRING, &e)) return;
    if (e && e->string->length + text.length > STRING_MAX) {
        reply_error(c, "ERR string exceeds maximum allowed size (proto-max-bulk-len)");
        return;
    }
    if (e) e->string = str_append(e->string, text);
    else key_set_string(arg(c, 1), str_new(text));
    reply_integer(c, e ? (s64)e->string->length : (s64)text.length);
}

void do_strlen(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_STRING, &e)) reply_integer(c, e ? (s64)e->string->length : 0);
}

static bool string_number(const struct str *s, s64 *value) {
    bool zeros = s->length > 1 && (s->bytes[0] == '0' || (s->bytes[0] == '-' && s->bytes[1] == '0'));
    return !zeros && parse_s64(str_slice(s), value);
}

static void increment(struct client *c, s64 delta) {
    struct entry *e;
    s64 value = 0;
    u8 text[20];
    if (!key_find_type(c, arg(c, 1), TYPE_STRING, &e)) return;
    if (e && !string_number(e->string, &value)) {
        reply_error(c, ERROR_INTEGER);
        return;
    }
    if (__builtin_add_overflow(value, delta, &value)) {
        reply_error(c, ERROR_OVERFLOW);
        return;
    }
    size_t length = (size_t)format_s64(text, value);
    if (e && length <= e->string->capacity) {
        memcpy(e->string->bytes, text, length);
        e->string->length = (u32)length;
    } else key_set_string(arg(c, 1), str_new((struct slice){ text, length }));
    reply_integer(c, value);
}

void do_incr(struct client *c) { increment(c, 1); }
void do_decr(struct client *c) { increment(c, -1); }

void do_incrby(struct client *c) {
    s64 delta;
    if (arg_integer(c, 2, &delta)) increment(c, delta);
}

void do_decrby(struct client *c) {
    s64 delta;
    if (!arg_integer(c, 2, &delta)) return;
    if (delta == INT64_MIN) reply_error(c, "ERR decrement would overflow");
    else increment(c, -delta);
}
