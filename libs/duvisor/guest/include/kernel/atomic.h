/* Atomic words and memory barriers, as AMO instructions. Relaxed unless the name says otherwise. */
#ifndef KERNEL_ATOMIC_H
#define KERNEL_ATOMIC_H

#include "types.h"

typedef struct {
    volatile s32 v;
} atomic_t;

#define smp_mb() __asm__ volatile("fence rw, rw" ::: "memory")
#define smp_rmb() __asm__ volatile("fence r, r" ::: "memory")
#define smp_wmb() __asm__ volatile("fence w, w" ::: "memory")
#define smp_load_acquire(p) __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, x) __atomic_store_n(p, x, __ATOMIC_RELEASE)

static inline s32 atomic_read(const atomic_t *a) { return a->v; }
static inline void atomic_set(atomic_t *a, s32 v) { a->v = v; }
static inline void atomic_add(atomic_t *a, s32 n) { __atomic_fetch_add(&a->v, n, __ATOMIC_RELAXED); }
static inline void atomic_inc(atomic_t *a) { atomic_add(a, 1); }
static inline void atomic_dec(atomic_t *a) { atomic_add(a, -1); }
/* Fully ordered: true when the count reached zero. */
static inline bool atomic_dec_and_test(atomic_t *a) { return __atomic_sub_fetch(&a->v, 1, __ATOMIC_SEQ_CST) == 0; }
static inline s32 atomic_xchg(atomic_t *a, s32 v) { return __atomic_exchange_n(&a->v, v, __ATOMIC_SEQ_CST); }

/* Bit operations on 64-bit words, atomic; test_and_* return the old bit. */
static inline void set_bit(unsigned bit, u64 *word) { __atomic_fetch_or(&word[bit / 64], BIT(bit % 64), __ATOMIC_RELAXED); }
static inline void clear_bit(unsigned bit, u64 *word) { __atomic_fetch_and(&word[bit / 64], ~BIT(bit % 64), __ATOMIC_RELAXED); }
static inline bool test_bit(unsigned bit, const u64 *word) { return READ_ONCE(word[bit / 64]) >> (bit % 64) & 1; }
static inline bool test_and_set_bit(unsigned bit, u64 *word) {
    return __atomic_fetch_or(&word[bit / 64], BIT(bit % 64), __ATOMIC_SEQ_CST) >> (bit % 64) & 1;
}
static inline bool test_and_clear_bit(unsigned bit, u64 *word) {
    return __atomic_fetch_and(&word[bit / 64], ~BIT(bit % 64), __ATOMIC_SEQ_CST) >> (bit % 64) & 1;
}

#endif
