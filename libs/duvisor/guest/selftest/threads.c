/* clone, futex, yield, pre-emption at the tick. */
#include "selftest.h"

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define THREADS 4

static u8 stacks[THREADS][8192] __attribute__((aligned(16)));
static s32 alive[THREADS];
static volatile s32 word, sum, ready;
static volatile u64 spins[2];
static volatile bool stop;

static void join(int i) {
    for (s32 v; (v = __atomic_load_n(&alive[i], __ATOMIC_ACQUIRE));) CALL(futex, &alive[i], FUTEX_WAIT, v, 0, 0, 0);
}

static void start(int i, void (*f)(void *), void *argument) {
    alive[i] = 1;
    CHECK(thread_create(stacks[i] + sizeof(stacks[i]), &alive[i], f, argument) > 0);
}

static void add(void *n) {
    for (int i = 0; i < 100; i++) {
        __atomic_fetch_add(&sum, (s32)(u64)n, __ATOMIC_RELAXED);
        CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    }
}

static void wait_for_word(void *unused) {
    (void)unused;
    __atomic_fetch_add(&ready, 1, __ATOMIC_RELAXED);
    while (word == 0) CALL(futex, &word, FUTEX_WAIT, 0, 0, 0, 0);
}

/* Two of these make progress side by side only if the tick takes the hart away. */
static void spin(void *counter) {
    while (!stop) (*(volatile u64 *)counter)++;
}

void threads(void) {
    CHECK(CALL(gettid, 0, 0, 0, 0, 0, 0) == CALL(getpid, 0, 0, 0, 0, 0, 0));
    for (int i = 0; i < THREADS; i++) start(i, add, (void *)(u64)(i + 1));
    for (int i = 0; i < THREADS; i++) join(i);
    CHECK(sum == 100 * (1 + 2 + 3 + 4));

    for (int i = 0; i < THREADS; i++) start(i, wait_for_word, NULL);
    while (ready < THREADS) CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    word = 1;
    CALL(futex, &word, FUTEX_WAKE, 100, 0, 0, 0);
    for (int i = 0; i < THREADS; i++) join(i);
    EXPECT(CALL(futex, &word, FUTEX_WAIT, 0, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(futex, &word, FUTEX_WAKE, 1, 0, 0, 0), 0);
    EXPECT(CALL(futex, 0x10, FUTEX_WAIT, 0, 0, 0, 0), -EFAULT);
    struct timespec soon = { 0, 1000000 };
    EXPECT(CALL(futex, &word, FUTEX_WAIT, 1, &soon, 0, 0), -ETIMEDOUT);

    for (int i = 0; i < 2; i++) start(i, spin, (void *)&spins[i]);
    u64 until = now_ns() + 100000000; /* ten ticks */
    while ((!spins[0] || !spins[1]) && now_ns() < until) CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    stop = true;
    for (int i = 0; i < 2; i++) join(i);
    CHECK(spins[0] > 0 && spins[1] > 0);

    EXPECT(CALL(clone, 17, 0, 0, 0, 0, 0), -EINVAL); /* no processes yet */
    u64 mask = 1, none = 0;
    EXPECT(CALL(sched_setaffinity, 0, 8, &mask, 0, 0, 0), 0);
    EXPECT(CALL(sched_setaffinity, 0, 8, &none, 0, 0, 0), -EINVAL);
}
