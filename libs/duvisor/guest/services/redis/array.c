#include "redis.h"

#define SMALLEST 8

struct array *array_new(void) {
    struct array *a = heap_zalloc(sizeof *a);
    a->capacity = SMALLEST;
    a->ring = heap_alloc(SMALLEST * sizeof *a->ring);
    return a;
}

void array_free(struct array *a) {
    for (u32 i = 0; i < a->count; i++) heap_free(*array_at(a, i));
    heap_free(a->ring);
    heap_free(a);
}

static void resize(struct array *a, u32 capacity) {
    struct str **ring = heap_alloc(capacity * sizeof *ring);
    for (u32 i = 0; i < a->count; i++) ring[i] = *array_at(a, i);
    heap_free(a->ring);
    a->ring = ring;
    a->head = 0;
    a->capacity = capacity;
}

void array_push(struct array *a, struct str *s, bool left) {
    if (a->count == a->capacity) resize(a, a->capacity * 2);
    if (left) a->head = (a->head - 1) & (a->capacity - 1);
    *array_at(a, left ? 0 : a->count) = s;
    a->count++;
}

struct str *array_pop(struct array *a, bool left) {
    struct str *s = *array_at(a, left ? 0 : a->count - 1);
    if (left) a->head = (a->head + 1) & (a->capacity - 1);
    a->count--;
    if (a->capacity > SMALLEST && a->count < a->capacity / 4) resize(a, a->capacity / 2);
    return s;
}
