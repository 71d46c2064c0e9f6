/*
 * Memory and string functions shared by firmware and host kernel. Compiled with
 * -fno-tree-loop-distribute-patterns, or the compiler would turn the loops of memset into calls of memset.
 */
#include "kernel/string.h"

void *memset(void *dst, int byte, size_t n) {
    u8 *d = dst;
    while (n && ((u64)d & 7)) {
        *d++ = (u8)byte;
        n--;
    }
    u64 word = (u8)byte * 0x0101010101010101UL;
    /* 128 bytes a turn: clearing a page is the commonest call by far. */
    for (; n >= 128; n -= 128, d += 128) {
        u64 *w = (u64 *)d;
        w[0] = word, w[1] = word, w[2] = word, w[3] = word;
        w[4] = word, w[5] = word, w[6] = word, w[7] = word;
        w[8] = word, w[9] = word, w[10] = word, w[11] = word;
        w[12] = word, w[13] = word, w[14] = word, w[15] = word;
    }
    for (; n >= 8; n -= 8, d += 8) *(u64 *)d = word;
    while (n--) *d++ = (u8)byte;
    return dst;
}

void *memcpy(void *dst, const void *src, size_t n) {
    u8 *d = dst;
    const u8 *s = src;
    if ((((u64)d ^ (u64)s) & 7) == 0) {
        for (; n && ((u64)d & 7); n--) *d++ = *s++;
        for (; n >= 64; n -= 64, d += 64, s += 64) {
            u64 *w = (u64 *)d;
            const u64 *r = (const u64 *)s;
            u64 a = r[0], b = r[1], c = r[2], e = r[3];
            w[0] = a, w[1] = b, w[2] = c, w[3] = e;
            a = r[4], b = r[5], c = r[6], e = r[7];
            w[4] = a, w[5] = b, w[6] = c, w[7] = e;
        }
        for (; n >= 8; n -= 8, d += 8, s += 8) *(u64 *)d = *(const u64 *)s;
    }
    while (n--) *d++ = *s++;
    return dst;
}

void *memmove(void *dst, const void *src, size_t n) {
    u8 *d = dst;
    const u8 *s = src;
    if (d <= s || d >= s + n) return memcpy(dst, src, n);
    while (n--) d[n] = s[n];
    return dst;
}

int memcmp(const void *a, const void *b, size_t n) {
    const u8 *x = a, *y = b;
    for (; n; n--, x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

size_t strnlen(const char *s, size_t max) {
    size_t n = 0;
    while (n < max && s[n]) n++;
    return n;
}

size_t strlen(const char *s) { return strnlen(s, (size_t)-1); }

int strncmp(const char *a, const char *b, size_t n) {
    for (; n; n--, a++, b++) {
        if (*a != *b) return (u8)*a - (u8)*b;
        if (!*a) break;
    }
    return 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t)-1); }

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return 99;
}

u64 strtou64(const char *s, const char **end, int base) {
    u64 value = 0;
    if ((base == 0 || base == 16) && s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
        s += 2;
        base = 16;
    }
    if (base == 0) base = 10;
    for (; digit(*s) < base; s++) value = value * (u64)base + (u64)digit(*s);
    if (end) *end = s;
    return value;
}
