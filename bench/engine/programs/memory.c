/* An open-addressed hash table of 8 MiB: look-ups and updates of random keys, each hashed piece by piece, as FNV-1a does. Some 19 lines
 * are missed in an L1 of 16 KiB per 1000 instructions. */
#include "mine.h"

#include <stdint.h>

#ifndef ROUNDS
#define ROUNDS 4000000
#endif

struct slot {
    uint64_t key;
    uint64_t value;
};

struct mine {
    struct slot table[SLOTS];
    volatile uint64_t result;
};

static uint64_t hash(uint64_t key)
{
    uint64_t h = 0xcbf29ce484222325ull;
    for (int i = 0; i < 4; i++) {
        h = (h ^ (key & 0xffff)) * 0x100000001b3ull;
        key >>= 16;
    }
    return h ^ (h >> 32);
}

static struct slot *locate(uint64_t key)
{
    uint32_t at = (uint32_t)hash(key) & (SLOTS - 1);
    while (mine->table[at].key != 0 && mine->table[at].key != key)
        at = (at + 1) & (SLOTS - 1);
    return &mine->table[at];
}

int main(void)
{
    uint64_t state = 88172645463325252ull, sum = 0;
    for (long i = 0; i < ROUNDS; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        /* Few enough keys that the table never fills: 5 of 8 slots at most. */
        uint64_t key = 1 + state % (SLOTS / 8 * 5);
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
    mine->result = sum;
    return 0;
}
