/* Bytes on their way in or out: data[start..end) of a fixed or, where the service says so, growing piece of memory. */
#ifndef SERVICES_BUFFER_H
#define SERVICES_BUFFER_H

#include "kernel/string.h"
#include "text.h"

struct buffer {
    u8 *data;
    size_t start, end, capacity;
};

static inline size_t buf_used(const struct buffer *b) { return b->end - b->start; }
static inline size_t buf_room(const struct buffer *b) { return b->capacity - b->end; }
static inline u8 *buf_head(const struct buffer *b) { return b->data + b->start; }

/* Room only at the end: moves what is there to the front when that frees at least half. */
static inline void buf_compact(struct buffer *b) {
    if (b->start == b->end) b->start = b->end = 0;
    else if (b->start >= b->capacity / 2 || b->end == b->capacity) {
        memmove(b->data, buf_head(b), buf_used(b));
        b->end -= b->start;
        b->start = 0;
    }
}

static inline void buf_consume(struct buffer *b, size_t n) {
    b->start += n;
    if (b->start == b->end) b->start = b->end = 0;
}

/* The caller has made sure of the room. */
static inline void buf_put(struct buffer *b, const void *from, size_t n) {
    memcpy(b->data + b->end, from, n);
    b->end += n;
}
static inline void buf_text(struct buffer *b, const char *text) { buf_put(b, text, strlen(text)); }
static inline void buf_u64(struct buffer *b, u64 value) { b->end += (size_t)format_u64(b->data + b->end, value); }
static inline void buf_s64(struct buffer *b, s64 value) { b->end += (size_t)format_s64(b->data + b->end, value); }

#endif
