#include "redis.h"

void do_sadd(struct client *c) {
    struct entry *e;
    s64 added = 0;
    if (!key_find_type(c, arg(c, 1), TYPE_SET, &e)) return;
    if (!e) e = key_make(arg(c, 1), TYPE_SET);
    for (u32 i = 2; i < c->argc; i++) {
        if (dict_find(e->dict, arg(c, i))) continue;
        dict_add(e->dict, arg(c, i));
        added++;
    }
    reply_integer(c, added);
}

static void remove_member(struct entry *e, struct entry *member) {
    dict_unlink(e->dict, member);
    heap_free(member);
}

void do_srem(struct client *c) {
    struct entry *e;
    s64 removed = 0;
    if (!key_find_type(c, arg(c, 1), TYPE_SET, &e)) return;
    for (u32 i = 2; e && i < c->argc; i++) {
        struct entry *member = dict_find(e->dict, arg(c, i));
        if (!member) continue;
        remove_member(e, member);
        removed++;
    }
    if (e && e->dict->count == 0) key_delete(e);
    reply_integer(c, removed);
}

void do_sismember(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_SET, &e)) reply_integer(c, e && dict_find(e->dict, arg(c, 2)));
}

void do_scard(struct client *c) {
    struct entry *e;
    if (key_find_type(c, arg(c, 1), TYPE_SET, &e)) reply_integer(c, e ? (s64)e->dict->count : 0);
}

/* Redis takes any member; this one the oldest, so that a run can be repeated. */
void do_spop(struct client *c) {
    struct entry *e;
    u64 count = 1;
    bool many = c->argc == 3;
    if (c->argc > 3) {
        reply_error(c, ERROR_SYNTAX);
        return;
    }
    if (many && !arg_count(c, 2, &count)) return;
    if (!key_find_type(c, arg(c, 1), TYPE_SET, &e)) return;
    count = e ? MIN(count, e->dict->count) : 0;
    if (many) reply_array(c, count);
    else if (!e) reply_null(c);
    for (; count; count--) {
        struct entry *member = container_of(e->dict->order.next, struct entry, order);
        reply_bulk(c, entry_key(member));
        remove_member(e, member);
    }
    if (e && e->dict->count == 0) key_delete(e);
}

static const struct entry *set_of(struct client *c, u32 i) { return key_find(arg(c, i)); }

/* Whether the sets of the words [from, to) hold the member: all of them, or any of them. */
static bool held(struct client *c, u32 from, u32 to, struct slice member, bool by_all) {
    for (u32 i = from; i < to; i++) {
        const struct entry *e = set_of(c, i);
        bool holds = e && dict_find(e->dict, member);
        if (holds != by_all) return holds;
    }
    return by_all;
}

static bool all_sets(struct client *c) {
    struct entry *e;
    for (u32 i = 1; i < c->argc; i++)
        if (!key_find_type(c, arg(c, i), TYPE_SET, &e)) return false;
    return true;
}

/* Members of the first set that the others all hold, or that none of them holds. */
static void filter_first(struct client *c, bool in_all) {
    if (!all_sets(c)) return;
    const struct entry *e = set_of(c, 1);
    size_t mark = reply_later(c);
    u64 count = 0;
    if (e) dict_for_each(member, e->dict) {
        struct slice name = entry_key(member);
        if (in_all ? !held(c, 2, c->argc, name, true) : held(c, 2, c->argc, name, false)) continue;
        reply_bulk(c, name);
        count++;
    }
    reply_length(c, mark, count);
}

void do_sinter(struct client *c) { filter_first(c, true); }
void do_sdiff(struct client *c) { filter_first(c, false); }

void do_smembers(struct client *c) {
    struct entry *e;
    if (!key_find_type(c, arg(c, 1), TYPE_SET, &e)) return;
    reply_array(c, e ? e->dict->count : 0);
    if (e) dict_for_each(member, e->dict) reply_bulk(c, entry_key(member));
}

void do_sunion(struct client *c) {
    if (!all_sets(c)) return;
    size_t mark = reply_later(c);
    u64 count = 0;
    for (u32 i = 1; i < c->argc; i++) {
        const struct entry *e = set_of(c, i);
        if (e) dict_for_each(member, e->dict) {
            struct slice name = entry_key(member);
            if (held(c, 1, i, name, false)) continue; /* came with an earlier set */
            reply_bulk(c, name);
            count++;
        }
    }
    reply_length(c, mark, count);
}
