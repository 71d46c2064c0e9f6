/* Time, sleeping, and processes that share the hart. */
#include "vmtest.h"

#define MS 1000000UL

void waiting(void) {
    u64 begin = now_ns();
    struct timespec t = { 0, 25 * MS };
    EXPECT(CALL(nanosleep, &t, 0, 0, 0, 0, 0), 0);
    u64 slept = now_ns() - begin;
    CHECK(slept >= 25 * MS && slept < 60 * MS);
    struct timespec wrong = { 0, 1000000000 };
    EXPECT(CALL(nanosleep, &wrong, 0, 0, 0, 0, 0), -EINVAL);
    CHECK(CALL(getpid, 0, 0, 0, 0, 0, 0) > 0);
    EXPECT(CALL(sched_yield, 0, 0, 0, 0, 0, 0), 0);
}

void spin(void) {
    /* Two of these take turns: each sees time pass without it, in steps of the tick. */
    u64 end = now_ns() + 100 * MS, gaps = 0;
    for (u64 last = now_ns(), t; (t = now_ns()) < end; last = t)
        if (t - last > 5 * MS) gaps++;
    say(gaps >= 2 ? "shared the hart\n" : "had the hart alone\n");
}
