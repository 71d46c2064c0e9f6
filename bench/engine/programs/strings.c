/* Copies and comparisons of strings, by words, in the first-level cache. */
#include "mine.h"

#include <stddef.h>
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 60000
#endif
#define BYTES 4096

struct mine {
    uint64_t one[BYTES / 8], other[BYTES / 8];
    volatile int result;
};

__attribute__((noinline)) static void copy(uint64_t *to, const uint64_t *from, size_t words)
{
    for (; words >= 8; words -= 8, to += 8, from += 8) {
        uint64_t a = from[0], b = from[1], c = from[2], d = from[3];
        uint64_t e = from[4], f = from[5], g = from[6], h = from[7];
        to[0] = a;
        to[1] = b;
        to[2] = c;
        to[3] = d;
        to[4] = e;
        to[5] = f;
        to[6] = g;
        to[7] = h;
    }
    while (words-- > 0)
        *to++ = *from++;
}

/* Words while they are equal and have no zero byte, then bytes. */
__attribute__((noinline)) static int compare(const char *a, const char *b)
{
    const uint64_t ones = 0x0101010101010101ull, highs = 0x8080808080808080ull;
    const uint64_t *wa = (const uint64_t *)a, *wb = (const uint64_t *)b;
    while (*wa == *wb) {
        if ((*wa - ones) & ~*wa & highs)
            return 0;
        wa++;
        wb++;
    }
    a = (const char *)wa;
    b = (const char *)wb;
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int main(void)
{
    char *bytes = (char *)mine->one;
    int sum = 0;
    for (int i = 0; i < BYTES - 1; i++)
        bytes[i] = (char)('a' + i % 23);
    bytes[BYTES - 1] = 0;
    for (int round = 0; round < ROUNDS; round++) {
        copy(mine->other, mine->one, BYTES / 8);
        if (round & 1)
            ((char *)mine->other)[BYTES / 2 + (round & 1023)] = '!';
        sum += compare(bytes, (const char *)mine->other);
    }
    mine->result = sum;
    return 0;
}
