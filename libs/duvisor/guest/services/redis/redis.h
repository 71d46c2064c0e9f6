/* Redis-like: data structures in memory, spoken to in RESP2. Types and prototypes by file. */
#ifndef SERVICES_REDIS_H
#define SERVICES_REDIS_H

#include "../common/loop.h"
#include "kernel/list.h"

/* Longest string, and longest word of a command. */
#define STRING_MAX (1ul << 20)
/* Longest command, with all its words. */
#define REQUEST_MAX (2ul << 20)
/* A client that lets more than this of its replies pile up in one turn is dropped. */
#define OUTPUT_MAX (8ul << 20)
/* Buffers of clients may exceed the memory limit by so much. */
#define BUFFER_SLACK (16ul << 20)

/* heap.c: two-level segregated free lists, 16-byte aligned, blocks merge when freed. Running out ends the process. */
void *heap_alloc(size_t bytes);
void *heap_zalloc(size_t bytes);
void *heap_grow(void *block, size_t bytes); /* at least as large as before; `block` may be NULL */
void heap_free(void *block);                /* NULL is fine */
extern u64 heap_used, heap_peak;            /* bytes of blocks in use */
extern u64 memory_limit;                    /* bytes */

/* A string value. */
struct str {
    u32 length, capacity;
    u8 bytes[];
};
struct str *str_new(struct slice text);
struct str *str_append(struct str *s, struct slice text); /* the string may move */
static inline struct slice str_slice(const struct str *s) { return (struct slice){ s->bytes, s->length }; }

enum type { TYPE_STRING, TYPE_HASH, TYPE_LIST, TYPE_SET };

/* An element of a dictionary: a key of the database, a field of a hash, a member of a set. */
struct entry {
    struct entry *chain;
    struct list order; /* as inserted */
    u64 hash;
    union {
        struct str *string; /* also a hash's value */
        struct dict *dict;
        struct array *array;
    };
    u64 expires;  /* keys: ms since 1970, 0 = never */
    u32 timer_at; /* keys: place among the timers + 1, 0 = none */
    u32 key_length;
    u8 type; /* keys: enum type */
    u8 key[];
};
static inline struct slice entry_key(const struct entry *e) { return (struct slice){ e->key, e->key_length }; }

/*
 * dict.c: a hash table that remembers the order of insertion. It grows and shrinks step by step: each operation moves a few
 * buckets from the old table to the new one.
 */
struct dict {
    struct entry **tables[2]; /* [1] only while moving */
    u64 sizes[2];             /* powers of two */
    u64 moved;                /* buckets of [0] that are empty for good */
    u64 count;
    struct list order;
};
struct dict *dict_new(void);
struct entry *dict_find(struct dict *d, struct slice key);
struct entry *dict_add(struct dict *d, struct slice key); /* the key is not there; contents zeroed */
void dict_unlink(struct dict *d, struct entry *e);        /* the entry stays with the caller */
/* Frees the dictionary and all entries; a hash's values too. */
void dict_free(struct dict *d);
void dict_clear(struct dict *d, void (*release)(struct entry *e));
#define dict_for_each(e, d)                                                                                        \
    for (struct entry *e = container_of((d)->order.next, struct entry, order); &e->order != &(d)->order;           \
         e = container_of(e->order.next, struct entry, order))

/* array.c: a list as a ring of strings: both ends and any index in constant time. */
struct array {
    u32 count, head, capacity; /* capacity: a power of two */
    struct str **ring;
};
struct array *array_new(void);
void array_free(struct array *a);
void array_push(struct array *a, struct str *s, bool left);
struct str *array_pop(struct array *a, bool left);
static inline struct str **array_at(const struct array *a, u64 index) {
    return &a->ring[(a->head + index) & (a->capacity - 1)];
}

/* A connection with the command that it sends. */
struct client {
    struct conn conn;
    u8 *home_in, *home_out;   /* the buffers a connection begins with */
    size_t home_in_bytes, home_out_bytes;
    /* Parsing: positions from the head of `in`. */
    s64 words_left;  /* 0: between commands */
    s64 bulk_length; /* -1: its line is still to come */
    size_t at;
    struct word {
        u32 at, length;
    } *words;
    u32 argc, words_capacity;
    bool overflow; /* its replies grew beyond the limit */
};
static inline struct slice arg(const struct client *c, u32 i) {
    return (struct slice){ buf_head(&c->conn.in) + c->words[i].at, c->words[i].length };
}

/* request.c: bytes to commands. */
enum parsed { PARSED_COMMAND, PARSED_NOTHING, PARSED_MORE_NEEDED, PARSED_BAD };
enum parsed parse_command(struct client *c); /* PARSED_NOTHING: an empty one. PARSED_BAD: the error is told */
void command_done(struct client *c);         /* takes it out of the input */

/* reply.c */
void reply_status(struct client *c, const char *text);
void reply_error(struct client *c, const char *text); /* with its code: "ERR ..." */
void reply_error_arity(struct client *c, struct slice name);
void reply_error_text(struct client *c, const u8 *text, size_t length); /* line ends become blanks */
void reply_integer(struct client *c, s64 value);
void reply_bulk(struct client *c, struct slice text);
void reply_string(struct client *c, const struct str *s); /* NULL: nil */
void reply_null(struct client *c);
void reply_null_array(struct client *c);
void reply_array(struct client *c, u64 count);
size_t reply_later(struct client *c); /* an array whose length is not known yet */
void reply_length(struct client *c, size_t mark, u64 count);

/* database.c: the keys and their times to live. */
extern struct dict *keys;
extern u64 expired_keys;
void database_init(void);
struct entry *key_find(struct slice key); /* alive */
/* As above, of one type; false: it is of another, which is told. */
bool key_find_type(struct client *c, struct slice key, enum type type, struct entry **found);
struct entry *key_make(struct slice key, enum type type); /* the key is not there */
void key_set_string(struct slice key, struct str *s);     /* whatever was there; keeps the time to live */
void key_delete(struct entry *e);
void key_expire_at(struct entry *e, u64 deadline); /* 0: never */
void database_clear(void);
bool expire_due(u32 limit); /* deletes keys whose time is over; false: there may be more */
s64 database_tick(void);

/* Arguments; false: the error is told. */
bool arg_integer(struct client *c, u32 i, s64 *value);
bool arg_count(struct client *c, u32 i, u64 *value); /* not negative */
#define ERROR_INTEGER "ERR value is not an integer or out of range"
#define ERROR_SYNTAX "ERR syntax error"
#define ERROR_OVERFLOW "ERR increment or decrement would overflow"

/* commands.c: the table; one function per command in command_*.c. */
void commands_init(void);
void execute(struct client *c);
u64 command_count(void);
#define COMMANDS(X)                                                                                                \
    X(ping, -1, 0) X(echo, 2, 0) X(quit, -1, 0) X(select, 2, 0) X(info, -1, 0) X(command, -1, 0)                   \
    X(dbsize, 1, 0) X(flushall, -1, 0) X(flushdb, -1, 0) X(keys, 2, 0) X(type, 2, 0) X(del, -2, 0)                 \
    X(exists, -2, 0) X(expire, -3, 0) X(pexpire, -3, 0) X(ttl, 2, 0) X(pttl, 2, 0) X(persist, 2, 0)                \
    X(set, -3, 1) X(get, 2, 0) X(setnx, 3, 1) X(getset, 3, 1) X(mget, -2, 0) X(mset, -3, 1) X(append, 3, 1)        \
    X(strlen, 2, 0) X(incr, 2, 1) X(decr, 2, 1) X(incrby, 3, 1) X(decrby, 3, 1)                                    \
    X(hset, -4, 1) X(hget, 3, 0) X(hmget, -3, 0) X(hdel, -3, 0) X(hlen, 2, 0) X(hexists, 3, 0) X(hgetall, 2, 0)    \
    X(hkeys, 2, 0) X(hvals, 2, 0) X(hincrby, 4, 1)                                                                 \
    X(lpush, -3, 1) X(rpush, -3, 1) X(lpop, -2, 0) X(rpop, -2, 0) X(llen, 2, 0) X(lindex, 3, 0) X(lset, 4, 1)      \
    X(lrange, 4, 0) X(lrem, 4, 0) X(ltrim, 4, 0)                                                                   \
    X(sadd, -3, 1) X(srem, -3, 0) X(smembers, 2, 0) X(sismember, 3, 0) X(scard, 2, 0) X(sinter, -2, 0)             \
    X(sunion, -2, 0) X(sdiff, -2, 0) X(spop, -2, 0)
#define DECLARE(name, arity, denied) void do_##name(struct client *c);
COMMANDS(DECLARE)
#undef DECLARE

struct server_stats {
    u64 commands, hits, misses;
};
extern struct server_stats server_stats;
void info_start(void);

/* glob.c */
bool glob_matches(struct slice pattern, struct slice text);

#endif
