/*
 * Timers, in a list ordered by deadline, and the tick: HZ per second while a process runs. The hart's timer (SBI) is set to
 * the earlier of tick and first deadline, and not moved on every change: an idle hart keeps the tick it has armed, and only
 * when that comes is the tick stopped. So a busy hart makes HZ SBI calls a second, an idle one as many as it has deadlines.
 */
#include "kernel/sbi.h"
#include "sbi-abi.h"
#include "vm.h"

static struct list timers = LIST_INIT(timers);
static u64 armed = TICKS_NEVER; /* what the hart's timer is set to */
static u64 period;
static bool legacy; /* no TIME extension */

static void arm(u64 deadline) {
    armed = deadline;
    if (legacy) sbi_call(SBI_LEGACY_SET_TIMER, 0, deadline, 0, 0, 0, 0);
    else sbi_call(SBI_EXT_TIME, 0, deadline, 0, 0, 0, 0);
}

void timer_init(void) {
    period = boot.timebase / HZ;
    legacy = sbi_call(SBI_EXT_TIME, 0, TICKS_NEVER, 0, 0, 0, 0).error != SBI_SUCCESS;
    if (legacy) arm(TICKS_NEVER);
    csr_set(CSR_SIE, BIT(IRQ_STI));
}

/* Both round up; ns beyond 584 years' worth of time is never. */
u64 ns_to_time(u64 ns) {
    u64 seconds = ns / NS_PER_S, rest = ns % NS_PER_S;
    return seconds * boot.timebase + (rest * boot.timebase + NS_PER_S - 1) / NS_PER_S;
}

u64 time_to_ns(u64 time) {
    return time / boot.timebase * NS_PER_S + time % boot.timebase * NS_PER_S / boot.timebase;
}

void timer_set(struct timer *t, u64 deadline) {
    list_del(&t->link);
    t->deadline = deadline;
    struct list *at = timers.prev; /* most deadlines are later than those before them */
    while (at != &timers && list_entry(at, struct timer, link)->deadline > deadline) at = at->prev;
    list_add(at, &t->link);
    if (deadline < armed) arm(deadline);
}

void timer_interrupt(bool running) {
    u64 time = now();
    while (!list_empty(&timers)) {
        struct timer *t = list_entry(timers.next, struct timer, link);
        if (t->deadline > time) break;
        list_del(&t->link);
        t->fire(t);
    }
    u64 next = list_empty(&timers) ? TICKS_NEVER : list_entry(timers.next, struct timer, link)->deadline;
    if (running) next = MIN(next, time + period);
    arm(next);
    need_resched = running;
}

void timer_resume_tick(void) {
    u64 tick = now() + period;
    if (armed > tick) arm(tick);
}
