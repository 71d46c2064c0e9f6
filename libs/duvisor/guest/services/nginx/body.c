#include "nginx.h"

#define LINE_MAX 256
#define TRAILER_MAX 4096

/* A whole line at the head of the input: its bytes with the end, and its length without; 0: not there; -1: too long. */
static long line_at_head(const struct buffer *in, size_t *length) {
    const u8 *head = buf_head(in);
    size_t used = buf_used(in), n = 0;
    while (n < used && n <= LINE_MAX && head[n] != '\n') n++;
    if (n > LINE_MAX) return -1;
    if (n == used) return 0;
    *length = n - (n > 0 && head[n - 1] == '\r');
    return (long)n + 1;
}

/* Hexadecimal digits, then the end or an extension, which is ignored. */
static bool parse_size(const u8 *at, size_t length, u64 *size) {
    size_t n = 0;
    *size = 0;
    for (; n < length && hex_digit(at[n]) >= 0; n++) {
        if (*size >> 32) return false;
        *size = *size * 16 + (u64)hex_digit(at[n]);
    }
    return n > 0 && (n == length || at[n] == ';' || at[n] == ' ' || at[n] == '\t');
}

static int take_chunk_line(struct client *c) {
    struct buffer *in = &c->conn.in;
    size_t length;
    long whole = line_at_head(in, &length);
    if (whole <= 0) return whole ? -400 : 0;
    if (c->chunk == CHUNK_SIZE) {
        if (!parse_size(buf_head(in), length, &c->body_left)) return -400;
        c->body_seen += c->body_left;
        if (c->body_seen > BODY_MAX) return -413;
        c->chunk = c->body_left ? CHUNK_DATA : CHUNK_TRAILER;
    } else if (c->chunk == CHUNK_END) {
        if (length) return -400;
        c->chunk = CHUNK_SIZE;
    } else {
        c->trailer_bytes += (size_t)whole;
        if (c->trailer_bytes > TRAILER_MAX) return -431;
        if (length == 0) {
            buf_consume(in, (size_t)whole);
            return 1;
        }
    }
    buf_consume(in, (size_t)whole);
    return 2;
}

/* 2: go on. */
static int take_some(struct client *c) {
    if (c->chunked && c->chunk != CHUNK_DATA) return take_chunk_line(c);
    size_t n = MIN(c->body_left, buf_used(&c->conn.in));
    buf_consume(&c->conn.in, n);
    c->body_left -= n;
    if (c->body_left) return 0;
    if (!c->chunked) return 1;
    c->chunk = CHUNK_END;
    return 2;
}

int take_body(struct client *c) {
    int taken;
    do taken = take_some(c);
    while (taken == 2);
    return taken;
}
