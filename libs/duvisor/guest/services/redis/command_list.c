#include "redis.h"

static void push(struct client *c, bool left) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    if (!e) e = key_make(arg(c, 1), TYPE_LIST);
    for (u32 i = 2; i < c->argc; i++) array_push(e->array, str_new(arg(c, i)), left);
    reply_integer(c, e->array->count);
}

void do_lpush(struct client *c) { push(c, true); }
void do_rpush(struct client *c) { push(c, false); }

static void pop(struct client *c, bool left) {
    struct entry *e;
    u64 count = 1;
    bool many = c->argc == 3;
    if (c->argc > 3) {
        reply_error_arity(c, arg(c, 0));
        return;
    }
    if (many && !arg_count(c, 2, &count)) return;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    if (!e) {
        if (many) reply_null_array(c);
        else reply_null(c);
        return;
    }
    count = MIN(count, e->array->count);
    if (many) reply_array(c, count);
    for (; count; count--) {
        struct str *s = array_pop(e->array, left);
        reply_string(c, s);
        heap_free(s);
    }
    if (e->array->count == 0) key_delete(e);
}

void do_lpop(struct client *c) { pop(c, true); }
void do_rpop(struct client *c) { pop(c, false); }

void do_llen(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_LIST, &e)) reply_integer(c, e ? e->array->count : 0);
}

/* From the beginning or, negative, from the end; false: no such place. */
static bool position(const struct array *a, s64 index, u64 *at) {
    if (index < 0) index += a->count;
    *at = (u64)index;
    return index >= 0 && index < a->count;
}

void do_lindex(struct client *c) {
    struct entry *e;
    s64 index;
    u64 at;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    if (!e) reply_null(c);
    else if (arg_integer(c, 2, &index)) reply_string(c, position(e->array, index, &at) ? *array_at(e->array, at) : NULL);
}

void do_lset(struct client *c) {
    struct entry *e;
    s64 index;
    u64 at;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    if (!e) reply_error(c, "ERR no such key");
    else if (!arg_integer(c, 2, &index)) return;
    else if (!position(e->array, index, &at)) reply_error(c, "ERR index out of range");
    else {
        heap_free(*array_at(e->array, at));
        *array_at(e->array, at) = str_new(arg(c, 3));
        reply_status(c, "OK");
    }
}

/* The part of a list that the words 2 and 3 name, as [from, to). */
static bool arg_range(struct client *c, const struct entry *e, u64 *from, u64 *to) {
    s64 start, stop, count = e ? e->array->count : 0;
    if (!arg_integer(c, 2, &start) || !arg_integer(c, 3, &stop)) return false;
    if (start < 0) start = MAX(start + count, 0);
    if (stop < 0) stop += count;
    stop = MIN(stop, count - 1);
    *from = (u64)start;
    *to = (u64)stop + 1;
    if (start > stop) *from = *to = 0;
    return true;
}

void do_lrange(struct client *c) {
    struct entry *e = key_find(arg(c, 1));
    u64 from, to;
    if (!arg_range(c, e && e->type == TYPE_LIST ? e : NULL, &from, &to)) return;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    reply_array(c, to - from);
    for (; from < to; from++) reply_string(c, *array_at(e->array, from));
}

void do_ltrim(struct client *c) {
    struct entry *e = key_find(arg(c, 1));
    u64 from, to;
    if (!arg_range(c, e && e->type == TYPE_LIST ? e : NULL, &from, &to)) return;
    if (!key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    reply_status(c, "OK");
    if (!e) return;
    for (u64 after = e->array->count - to; after; after--) heap_free(array_pop(e->array, false));
    for (; from; from--) heap_free(array_pop(e->array, true));
    if (e->array->count == 0) key_delete(e);
}

void do_lrem(struct client *c) {
    struct entry *e;
    s64 limit;
    if (!arg_integer(c, 2, &limit) || !key_find_type(c, arg(c, 1), TYPE_LIST, &e)) return;
    if (!e) {
        reply_integer(c, 0);
        return;
    }
    struct array *a = e->array;
    struct slice word = arg(c, 3);
    bool backwards = limit < 0;
    u64 left = limit == 0 ? (u64)-1 : backwards ? -(u64)limit : (u64)limit;
    u32 count = a->count, kept = 0;
    /* What stays moves towards the end that the search begins from. */
    for (u32 i = 0; i < count; i++) {
        struct str *s = *array_at(a, backwards ? count - 1 - i : i);
        if (left && s->length == word.length && memcmp(s->bytes, word.at, word.length) == 0) {
            heap_free(s);
            left--;
        } else {
            *array_at(a, backwards ? count - 1 - kept : kept) = s;
            kept++;
        }
    }
    if (backwards) a->head = (a->head + count - kept) & (a->capacity - 1);
    a->count = kept;
    if (kept == 0) key_delete(e);
    reply_integer(c, count - kept);
}
