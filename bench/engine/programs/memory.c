/* An open-addressed hash table of 8 MiB (several harts: a part of it each): look-ups and updates of random keys, about one cache line missed by each. */
#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 4000000
#endif
/* Of all harts together 8 MiB: what several harts cost, not what more memory costs the simulation host. */
#define SLOTS ((1u << 19) / HARTS)

struct slot {
    uint64_t key;
    uint64_t value;
};

static struct slot table[SLOTS];

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdull;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ull;
    return x ^ (x >> 33);
}

static struct slot *locate(uint64_t key)
{
    uint32_t at = (uint32_t)mix(key) & (SLOTS - 1);
    while (table[at].key != 0 && table[at].key != key)
        at = (at + 1) & (SLOTS - 1);
    return &table[at];
}

static volatile uint64_t result;

int main(void)
{
    uint64_t state = 88172645463325252ull, sum = 0;
    for (long i = 0; i < ROUNDS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        /* Few enough keys that the table never fills: 3 of 4 slots at most. */
        uint64_t key = 1 + state % (SLOTS / 4 * 3);
        struct slot *slot = locate(key);
        if (slot->key == 0) {
            slot->key = key;
            slot->value = (uint64_t)i;
        } else if (state & 0x10000) {
            slot->value += key;
        } else {
            sum += slot->value ^ (sum >> 3);
        }
    }
    result = sum;
    return 0;
}
