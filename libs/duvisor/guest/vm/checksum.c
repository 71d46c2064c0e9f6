#include "net.h"

u64 checksum_add(u64 sum, const void *bytes, u64 n) {
    const u8 *p = bytes;
    u64 carry = 0;
    if ((u64)p & 1) { /* odd address: byte pairs by hand */
        for (; n >= 2; n -= 2, p += 2) sum += (u64)p[0] | (u64)p[1] << 8;
        return n ? sum + *p : sum;
    }
    for (; n >= 2 && ((u64)p & 7); n -= 2, p += 2) sum += *(const u16 *)p;
    sum = (sum & 0xffffffff) + (sum >> 32);
    for (; n >= 32; n -= 32, p += 32) {
        const u64 *w = (const u64 *)p;
        u64 a = w[0], b = w[1], c = w[2], d = w[3];
        sum += a, carry += sum < a;
        sum += b, carry += sum < b;
        sum += c, carry += sum < c;
        sum += d, carry += sum < d;
    }
    for (; n >= 8; n -= 8, p += 8) {
        u64 a = *(const u64 *)p;
        sum += a, carry += sum < a;
    }
    sum = (sum & 0xffffffff) + (sum >> 32) + carry;
    for (; n >= 2; n -= 2, p += 2) sum += *(const u16 *)p;
    return n ? sum + *p : sum;
}

u16 checksum_end(u64 sum) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    return (u16)~sum;
}

u64 checksum_pseudo(u32 from, u32 to, u8 protocol, u64 length) {
    return (u64)swap32(from) + swap32(to) + swap16(protocol) + swap16((u16)length);
}

/* Whole words: the source is read aligned and shifted into place (little endian). */
void copy_bytes(void *to, const void *from, u64 n) {
    u8 *d = to;
    const u8 *s = from;
    u64 shift = (((u64)s - (u64)d) & 7) * 8;
    if (shift == 0 || n < 32) {
        memcpy(to, from, n);
        return;
    }
    for (; (u64)d & 7; n--) *d++ = *s++;
    const u64 *w = (const u64 *)((u64)s & ~7UL);
    u64 low = *w++;
    /* The last word read holds a byte that is wanted, so no read leaves the source's words. */
    for (; n >= 16; n -= 8, d += 8, s += 8) {
        u64 high = *w++;
        *(u64 *)d = low >> shift | high << (64 - shift);
        low = high;
    }
    while (n--) *d++ = *s++;
}
