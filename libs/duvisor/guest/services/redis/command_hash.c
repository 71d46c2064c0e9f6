#include "redis.h"

void do_hset(struct client *c) {
    struct entry *e;
    s64 added = 0;
    if (c->argc % 2) {
        reply_error_arity(c, arg(c, 0));
        return;
    }
    if (!key_find_type(c, arg(c, 1), TYPE_HASH, &e)) return;
    if (!e) e = key_make(arg(c, 1), TYPE_HASH);
    for (u32 i = 2; i < c->argc; i += 2) {
        struct entry *field = dict_find(e->dict, arg(c, i));
        if (field) heap_free(field->string);
        else {
            field = dict_add(e->dict, arg(c, i));
            added++;
        }
        field->string = str_new(arg(c, i + 1));
    }
    reply_integer(c, added);
}

static struct str *field_of(const struct entry *e, struct slice name) {
    struct entry *field = e ? dict_find(e->dict, name) : NULL;
    return field ? field->string : NULL;
}

void do_hget(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_HASH, &e)) reply_string(c, field_of(e, arg(c, 2)));
}

void do_hmget(struct client *c) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_HASH, &e)) return;
    reply_array(c, c->argc - 2);
    for (u32 i = 2; i < c->argc; i++) reply_string(c, field_of(e, arg(c, i)));
}

void do_hdel(struct client *c) {
    struct entry *e;
    s64 deleted = 0;
    if (!key_find_type(c, arg(c, 1), TYPE_HASH, &e)) return;
    for (u32 i = 2; e && i < c->argc; i++) {
        struct entry *field = dict_find(e->dict, arg(c, i));
        if (!field) continue;
        dict_unlink(e->dict, field);
        heap_free(field->string);
        heap_free(field);
        deleted++;
    }
    if (e && e->dict->count == 0) key_delete(e);
    reply_integer(c, deleted);
}

void do_hlen(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_HASH, &e)) reply_integer(c, e ? (s64)e->dict->count : 0);
}

void do_hexists(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_HASH, &e)) reply_integer(c, field_of(e, arg(c, 2)) != NULL);
}

static void reply_hash(struct client *c, bool names, bool values) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_HASH, &e)) return;
    reply_array(c, e ? e->dict->count * (names + values) : 0);
    if (!e) return;
    dict_for_each(field, e->dict) {
        if (names) reply_bulk(c, entry_key(field));
        if (values) reply_string(c, field->string);
    }
}

void do_hgetall(struct client *c) { reply_hash(c, true, true); }
void do_hkeys(struct client *c) { reply_hash(c, true, false); }
void do_hvals(struct client *c) { reply_hash(c, false, true); }

void do_hincrby(struct client *c) {
    struct entry *e;
    s64 delta, value = 0;
    u8 text[20];
    if (!arg_integer(c, 3, &delta) || !key_find_type(c, arg(c, 1), TYPE_HASH, &e)) return;
    struct entry *field = e ? dict_find(e->dict, arg(c, 2)) : NULL;
    if (field) {
        struct slice old = str_slice(field->string);
        bool zeros = old.length > 1 && (old.at[0] == '0' || (old.at[0] == '-' && old.at[1] == '0'));
        if (zeros || !parse_s64(old, &value)) {
            reply_error(c, "ERR hash value is not an integer");
            return;
        }
    }
    if (__builtin_add_overflow(value, delta, &value)) {
        reply_error(c, ERROR_OVERFLOW);
        return;
    }
    if (!e) e = key_make(arg(c, 1), TYPE_HASH);
    if (!field) field = dict_add(e->dict, arg(c, 2));
    heap_free(field->string);
    field->string = str_new((struct slice){ text, (size_t)format_s64(text, value) });
    reply_integer(c, value);
}
