#include "redis.h"

/* Longest line of a reply but an error's text. */
#define LINE_ROOM 64

/* Makes room in the output buffer, which grows up to the limit. False: the client is given up. */
static bool make_room(struct client *c, size_t bytes) {
    struct buffer *out = &c->conn.out;
    if (c->overflow) return false;
    if (buf_room(out) >= bytes) return true;
    size_t capacity = MAX(out->capacity * 2, out->end + bytes);
    if (capacity > OUTPUT_MAX + LINE_ROOM || heap_used + capacity > memory_limit + BUFFER_SLACK) {
        c->overflow = c->conn.broken = true;
        return false;
    }
    bool at_home = out->data == c->home_out;
    u8 *larger = heap_grow(at_home ? NULL : out->data, capacity);
    if (at_home) memcpy(larger, out->data, out->end);
    out->data = larger;
    out->capacity = capacity;
    return true;
}

static void put_line(struct client *c, char kind, const void *text, size_t length) {
    if (!make_room(c, length + 3)) return;
    struct buffer *out = &c->conn.out;
    buf_put(out, &kind, 1);
    buf_put(out, text, length);
    buf_put(out, "\r\n", 2);
}

void reply_status(struct client *c, const char *text) { put_line(c, '+', text, strlen(text)); }
void reply_error(struct client *c, const char *text) { put_line(c, '-', text, strlen(text)); }

void reply_error_text(struct client *c, const u8 *text, size_t length) {
    put_line(c, '-', text, length);
    if (c->overflow) return;
    u8 *end = c->conn.out.data + c->conn.out.end - 2;
    for (u8 *at = end - length; at < end; at++)
        if (*at == '\r' || *at == '\n') *at = ' ';
}

void reply_error_arity(struct client *c, struct slice name) {
    static const char before[] = "ERR wrong number of arguments for '", after[] = "' command";
    u8 text[128];
    struct buffer b = { text, 0, 0, sizeof text };
    buf_text(&b, before);
    for (size_t i = 0; i < name.length; i++) text[b.end++] = name.at[i] | 32; /* commands are letters */
    buf_text(&b, after);
    reply_error_text(c, text, b.end);
}

static void put_number(struct client *c, char kind, s64 value) {
    u8 text[20];
    put_line(c, kind, text, (size_t)format_s64(text, value));
}

void reply_integer(struct client *c, s64 value) { put_number(c, ':', value); }
void reply_array(struct client *c, u64 count) { put_number(c, '*', (s64)count); }
void reply_null(struct client *c) { put_number(c, '$', -1); }
void reply_null_array(struct client *c) { put_number(c, '*', -1); }

void reply_bulk(struct client *c, struct slice text) {
    if (!make_room(c, text.length + LINE_ROOM)) return;
    put_number(c, '$', (s64)text.length);
    buf_put(&c->conn.out, text.at, text.length);
    buf_put(&c->conn.out, "\r\n", 2);
}

void reply_string(struct client *c, const struct str *s) {
    if (s) reply_bulk(c, str_slice(s));
    else reply_null(c);
}

size_t reply_later(struct client *c) { return c->conn.out.end; }

/* The elements are there: their number goes before them. */
void reply_length(struct client *c, size_t mark, u64 count) {
    struct buffer *out = &c->conn.out;
    size_t end = out->end;
    reply_array(c, count);
    if (c->overflow) return;
    u8 line[LINE_ROOM];
    size_t length = out->end - end;
    memcpy(line, out->data + end, length);
    memmove(out->data + mark + length, out->data + mark, end - mark);
    memcpy(out->data + mark, line, length);
}
