/*
 * memcached's text protocol (its doc/protocol.txt). A client error is told even to who asked for no reply, since a line that is
 * wrong cannot be trusted in its last word either.
 */
#include "memcached.h"

#define MAX_WORDS 8
/* Room for any reply but a value and statistics. */
#define REPLY_ROOM 512
#define STATS_ROOM 8192
#define BAD_LINE "CLIENT_ERROR bad command line format"
#define TOO_LARGE "SERVER_ERROR object too large for cache"

/* A command line, cut at blanks. */
struct line {
    struct slice words[MAX_WORDS];
    int count; /* MAX_WORDS + 1: more than fit */
};

static void reply(struct client *c, const char *text) {
    if (c->noreply) return;
    buf_text(&c->conn.out, text);
    buf_text(&c->conn.out, "\r\n");
}

static void error(struct client *c, const char *text) {
    c->noreply = false;
    reply(c, text);
}

static size_t word_length(const u8 *at, const u8 *end) {
    const u8 *from = at;
    while (at < end && *at != ' ') at++;
    return (size_t)(at - from);
}

static struct line split(const u8 *at, const u8 *end) {
    struct line line = { .count = 0 };
    for (;;) {
        while (at < end && *at == ' ') at++;
        if (at == end) return line;
        size_t length = word_length(at, end);
        if (line.count < MAX_WORDS) line.words[line.count] = (struct slice){ at, length };
        if (line.count <= MAX_WORDS) line.count++;
        at += length;
    }
}

/* Whether the line has `least` words, or one more of which the last may be noreply. */
static bool words_fit(struct client *c, const struct line *line, int least) {
    if (line->count < least || line->count > least + 1) {
        error(c, "ERROR");
        return false;
    }
    c->noreply = line->count > least && slice_is(line->words[least], "noreply");
    return true;
}

static bool key_fits(struct client *c, struct slice key) {
    if (key.length <= KEY_MAX) return true;
    error(c, BAD_LINE);
    return false;
}

/* --- get, gets --- */

static void start_get(struct client *c, const struct line *line, size_t line_bytes) {
    const u8 *head = buf_head(&c->conn.in);
    const u8 *at = line->words[0].at + line->words[0].length, *end = head + line_bytes;
    c->with_unique = line->words[0].length == 4;
    if (line->count == 1) {
        error(c, "ERROR");
        return;
    }
    for (const u8 *key = at; key < end; key += word_length(key, end) + 1)
        if (word_length(key, end) > KEY_MAX) {
            error(c, BAD_LINE);
            return;
        }
    c->line_bytes = line_bytes;
    c->key_at = (size_t)(at - head);
}

static void put_value(struct client *c, struct item *it) {
    struct buffer *out = &c->conn.out;
    buf_text(out, "VALUE ");
    buf_put(out, it->bytes, it->key_bytes);
    buf_put(out, " ", 1);
    buf_u64(out, it->flags);
    buf_put(out, " ", 1);
    buf_u64(out, it->value_bytes);
    if (c->with_unique) {
        buf_put(out, " ", 1);
        buf_u64(out, it->unique);
    }
    buf_text(out, "\r\n");
    size_t length = it->value_bytes + 2ul;
    if (length + REPLY_ROOM <= buf_room(out)) buf_put(out, item_value(it), length);
    else {
        it->users++;
        c->sending = it;
        c->sent = 0;
    }
}

/* Goes on with a get until its end (true), or until what is there has to be sent. */
static bool continue_get(struct client *c) {
    const u8 *head = buf_head(&c->conn.in), *end = head + c->line_bytes;
    while (!c->sending && buf_room(&c->conn.out) >= REPLY_ROOM) {
        const u8 *at = head + c->key_at;
        while (at < end && *at == ' ') at++;
        if (at == end) {
            reply(c, "END");
            c->line_bytes = 0;
            return true;
        }
        struct slice key = { at, word_length(at, end) };
        c->key_at = (size_t)(at - head) + key.length;
        struct item *it = item_find(key);
        stats.cmd_get++;
        ++*(it ? &stats.get_hits : &stats.get_misses);
        if (it) put_value(c, it);
    }
    return false;
}

enum sent client_send_item(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    if (!c->sending) return SENT_ALL;
    size_t length = c->sending->value_bytes + 2ul;
    struct buffer rest = { item_value(c->sending), c->sent, length, length };
    enum sent sent = send_buffer(conn->fd, &rest);
    if (sent == SENT_ALL) {
        item_release(c->sending);
        c->sending = NULL;
    } else c->sent = rest.start;
    return sent;
}

/* --- storing --- */

static bool parse_s32(struct slice s, s64 *value) {
    return parse_s64(s, value) && *value >= -(1l << 31) && *value < 1l << 31;
}

static void start_store(struct client *c, const struct line *line, enum store how) {
    u64 flags;
    s64 exptime, length;
    const struct slice *word = line->words;
    if (!words_fit(c, line, how == STORE_CAS ? 6 : 5) || !key_fits(c, word[1])) return;
    if (!parse_u64(word[2], &flags) || flags >> 32 || !parse_s32(word[3], &exptime) || !parse_s32(word[4], &length) || length < 0 ||
        (how == STORE_CAS && !parse_u64(word[5], &c->unique))) {
        error(c, BAD_LINE);
        return;
    }
    stats.cmd_set++;
    struct item *it = (u64)length > VALUE_MAX ? NULL : slabs_alloc(word[1].length, (size_t)length);
    if (!it) {
        if ((u64)length > VALUE_MAX) stats.store_too_large++;
        reply(c, (u64)length > VALUE_MAX ? TOO_LARGE : "SERVER_ERROR out of memory storing object");
        c->skip = (size_t)length + 2;
        /* What cannot be replaced must not stay: it would be stale. */
        struct item *old = how == STORE_SET ? item_find(word[1]) : NULL;
        if (old) item_unlink(old);
        return;
    }
    memcpy(it->bytes, word[1].at, word[1].length);
    it->flags = (u32)flags;
    it->expires = item_expiry(exptime);
    c->filling = it;
    c->missing = (size_t)length + 2;
    c->how = how;
    c->conn.sink = item_value(it);
    c->conn.sink_left = c->missing;
}

/* Takes what has arrived of a value. True when it is complete, stored and answered. */
static bool continue_store(struct client *c) {
    struct conn *conn = &c->conn;
    size_t n = MIN(conn->sink_left, buf_used(&conn->in));
    memcpy(conn->sink, buf_head(&conn->in), n);
    buf_consume(&conn->in, n);
    conn->sink += n;
    conn->sink_left -= n;
    if (conn->sink_left > 0) return false;
    struct item *it = c->filling;
    c->filling = NULL;
    conn->sink = NULL;
    if (memcmp(item_value(it) + it->value_bytes, "\r\n", 2) != 0) {
        item_release(it);
        error(c, "CLIENT_ERROR bad data chunk");
    } else reply(c, item_store(it, c->how, c->unique));
    return true;
}

/* --- commands of one line --- */

static void do_delete(struct client *c, const struct line *line) {
    if (line->count < 2 || line->count > 4) {
        error(c, "ERROR");
        return;
    }
    struct slice key = line->words[1], last = line->words[line->count - 1];
    c->noreply = line->count > 2 && slice_is(last, "noreply");
    /* Older clients send a time, which must be 0. */
    int others = line->count - 2 - c->noreply;
    if (others > 1 || (others == 1 && !slice_is(line->words[2], "0"))) {
        error(c, BAD_LINE ".  Usage: delete <key> [noreply]");
        return;
    }
    if (!key_fits(c, key)) return;
    struct item *it = item_find(key);
    ++*(it ? &stats.delete_hits : &stats.delete_misses);
    if (it) item_unlink(it);
    reply(c, it ? "DELETED" : "NOT_FOUND");
}

static void do_count(struct client *c, const struct line *line, bool up) {
    u64 delta, result;
    if (!words_fit(c, line, 3) || !key_fits(c, line->words[1])) return;
    if (!parse_u64(line->words[2], &delta)) {
        error(c, "CLIENT_ERROR invalid numeric delta argument");
        return;
    }
    const char *text = item_count(line->words[1], up, delta, &result);
    if (text) (text[0] == 'C' ? error : reply)(c, text);
    else if (!c->noreply) {
        buf_u64(&c->conn.out, result);
        buf_text(&c->conn.out, "\r\n");
    }
}

static void do_touch(struct client *c, const struct line *line) {
    s64 exptime;
    if (!words_fit(c, line, 3) || !key_fits(c, line->words[1])) return;
    if (!parse_s32(line->words[2], &exptime)) {
        error(c, "CLIENT_ERROR invalid exptime argument");
        return;
    }
    struct item *it = item_find(line->words[1]);
    stats.cmd_touch++;
    ++*(it ? &stats.touch_hits : &stats.touch_misses);
    if (it) it->expires = item_expiry(exptime);
    reply(c, it ? "TOUCHED" : "NOT_FOUND");
}

static void do_flush_all(struct client *c, const struct line *line) {
    s64 delay = 0;
    if (line->count > 3) {
        error(c, "ERROR");
        return;
    }
    c->noreply = line->count > 1 && slice_is(line->words[line->count - 1], "noreply");
    if (line->count - c->noreply > 1 && !parse_s32(line->words[1], &delay)) {
        error(c, "CLIENT_ERROR invalid exptime argument");
        return;
    }
    stats.cmd_flush++;
    items_flush_at(delay > RELATIVE_SECONDS_MAX ? (u64)delay : now_seconds() + (u64)MAX(delay, 0));
    reply(c, "OK");
}

static void do_verbosity(struct client *c, const struct line *line) {
    u64 level;
    if (!words_fit(c, line, 2)) return;
    if (parse_u64(line->words[1], &level)) reply(c, "OK");
    else error(c, BAD_LINE);
}

static void do_stats(struct client *c, const struct line *line) {
    struct slice about = line->count > 1 ? line->words[1] : (struct slice){ 0 };
    if (line->count > 2) error(c, "ERROR");
    else if (slice_is(about, "reset")) {
        u64 items = stats.curr_items, bytes = stats.bytes;
        stats = (struct stats){ .curr_items = items, .bytes = bytes };
        reply(c, "RESET");
    } else if (report_stats(&c->conn.out, about)) reply(c, "END");
    else error(c, "ERROR");
}

/* The line is in `in` and ends before `line_bytes`. Get and store go on where this ends. */
static void execute(struct client *c, size_t line_bytes) {
    static const struct {
        const char *name;
        enum store how;
    } stores[] = {
        { "set", STORE_SET },       { "add", STORE_ADD },         { "replace", STORE_REPLACE },
        { "append", STORE_APPEND }, { "prepend", STORE_PREPEND }, { "cas", STORE_CAS },
    };
    const u8 *head = buf_head(&c->conn.in);
    struct line line = split(head, head + line_bytes);
    struct slice name = line.words[0];
    c->noreply = false;
    if (line.count == 0) {
        error(c, "ERROR");
        return;
    }
    if (slice_is(name, "get") || slice_is(name, "gets")) {
        start_get(c, &line, line_bytes);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(stores); i++)
        if (slice_is(name, stores[i].name)) {
            start_store(c, &line, stores[i].how);
            return;
        }
    if (slice_is(name, "delete")) do_delete(c, &line);
    else if (slice_is(name, "incr")) do_count(c, &line, true);
    else if (slice_is(name, "decr")) do_count(c, &line, false);
    else if (slice_is(name, "touch")) do_touch(c, &line);
    else if (slice_is(name, "flush_all")) do_flush_all(c, &line);
    else if (slice_is(name, "verbosity")) do_verbosity(c, &line);
    else if (slice_is(name, "stats")) do_stats(c, &line);
    else if (slice_is(name, "version") && line.count == 1) reply(c, "VERSION 1.0-duvisor");
    else if (slice_is(name, "quit") && line.count == 1) c->conn.closing = true;
    else error(c, "ERROR");
}

/* One step: a line, or a piece of what a line began. False when input is missing. */
static bool step(struct client *c) {
    struct buffer *in = &c->conn.in;
    if (c->filling) return continue_store(c);
    if (c->skip) {
        size_t n = MIN(c->skip, buf_used(in));
        buf_consume(in, n);
        c->skip -= n;
        return c->skip == 0;
    }
    const u8 *head = buf_head(in);
    const u8 *end = head;
    const u8 *limit = head + buf_used(in);
    while (end < limit && *end != '\n') end++;
    if (end == limit) {
        if (buf_used(in) < in->capacity) return false;
        error(c, "CLIENT_ERROR line too long");
        c->conn.closing = true;
        return true;
    }
    size_t whole = (size_t)(end - head) + 1;
    size_t line_bytes = whole - 1;
    if (line_bytes > 0 && head[line_bytes - 1] == '\r') line_bytes--;
    execute(c, line_bytes);
    if (!c->line_bytes) buf_consume(in, whole);
    return true;
}

bool client_serve(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    struct buffer *out = &conn->out;
    items_turn();
    for (;;) {
        if (conn->closing || c->sending || buf_room(out) < STATS_ROOM) return true;
        if (c->line_bytes) {
            if (!continue_get(c)) return true;
            size_t whole = 0;
            while (buf_head(&conn->in)[whole] != '\n') whole++;
            buf_consume(&conn->in, whole + 1);
        } else if (!step(c)) return buf_used(out) > 0;
    }
}

void client_close(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    if (c->filling) item_release(c->filling);
    if (c->sending) item_release(c->sending);
    c->filling = c->sending = NULL;
}
