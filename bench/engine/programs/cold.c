/* More than 400 KiB of code, all of it used in turn and little of it twice in a row: 2048 functions, each with its own
 * constants, branches that depend on data, loads and stores, and calls of one another through a table. */
#include "mine.h"

#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 400
#endif

struct mine {
    uint64_t data[1024];
    volatile uint64_t result;
};

typedef uint64_t function(uint64_t a, uint64_t b);

static uint64_t leaf(uint64_t a, uint64_t b) { return (a << 1) ^ (b + 7); }

#define BODY(n)                                                                                                        \
    __attribute__((noinline)) static uint64_t f##n(uint64_t a, uint64_t b)                                             \
    {                                                                                                                  \
        uint64_t *p = &mine->data[(a ^ (0x##n * 37u)) & 1023];                                                         \
        uint64_t c = *p + b * (0x##n##u * 2 + 3);                                                                      \
        if (c & (1u << (0x##n & 7)))                                                                                   \
            c ^= a >> (0x##n % 13 + 1);                                                                                \
        else                                                                                                           \
            c += 0x##n##u * 2654435761u;                                                                               \
        if ((c >> 5) & (0x##n & 3))                                                                                    \
            *p = c;                                                                                                    \
        else                                                                                                           \
            mine->data[(c + 0x##n) & 1023] += c | 1;                                                                   \
        for (int i = 0; i < (0x##n & 3) + 1; i++)                                                                      \
            c = (c << 7) - c + mine->data[(c >> 9) & 1023];                                                            \
        if ((0x##n & 3) == 0)                                                                                          \
            c = leaf(c, a);                                                                                            \
        if (c % 5 == 0x##n % 5)                                                                                        \
            b = c - a;                                                                                                 \
        else                                                                                                           \
            b ^= c + 0x##n##u * 77;                                                                                    \
        if ((int64_t)a < (int64_t)(b ^ 0x##n##ull << 32))                                                              \
            c ^= mine->data[(a + 0x##n * 5u) & 1023];                                                                  \
        else                                                                                                           \
            a += c >> (0x##n % 7 + 3);                                                                                 \
        mine->data[b & 1023] ^= c;                                                                                     \
        return c ^ b ^ a;                                                                                              \
    }
#define BODIES(n) BODY(n##0) BODY(n##1) BODY(n##2) BODY(n##3) BODY(n##4) BODY(n##5) BODY(n##6) BODY(n##7) \
    BODY(n##8) BODY(n##9) BODY(n##a) BODY(n##b) BODY(n##c) BODY(n##d) BODY(n##e) BODY(n##f)
#define NAMES(n) f##n##0, f##n##1, f##n##2, f##n##3, f##n##4, f##n##5, f##n##6, f##n##7, \
    f##n##8, f##n##9, f##n##a, f##n##b, f##n##c, f##n##d, f##n##e, f##n##f,
#define EACH(m, n) m(n##0) m(n##1) m(n##2) m(n##3) m(n##4) m(n##5) m(n##6) m(n##7) \
    m(n##8) m(n##9) m(n##a) m(n##b) m(n##c) m(n##d) m(n##e) m(n##f)
#ifdef FEW
/* 128 of them: still more than the L1I holds. */
#define ALL(m) m(10) m(11) m(12) m(13) m(14) m(15) m(16) m(17)
#else
#define ALL(m) EACH(m, 1) EACH(m, 2) EACH(m, 3) EACH(m, 4) EACH(m, 5) EACH(m, 6) EACH(m, 7) EACH(m, 8)
#endif

ALL(BODIES)

static function *const functions[] = {ALL(NAMES)};
#define COUNT (sizeof functions / sizeof functions[0])

int main(void)
{
    uint64_t a = 1, b = 2;
    for (int round = 0; round < ROUNDS; round++) {
        /* An odd stride visits all of them, far from the one before. */
        for (uint32_t i = 0, at = (uint32_t)round; i < COUNT; i++, at += 389) {
            uint64_t c = functions[at % COUNT](a, b);
            a = b;
            b = c;
        }
    }
    mine->result = b;
    return 0;
}
