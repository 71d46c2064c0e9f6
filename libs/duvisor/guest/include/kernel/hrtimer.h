/* Timers with nanosecond expiry, per hart, in a red-black tree; the hart's timer follows the earliest (host/hrtimer.c). */
#ifndef KERNEL_HRTIMER_H
#define KERNEL_HRTIMER_H

#include "kernel/rbtree.h"

struct hart;

struct hrtimer {
    struct rb_node node;
    u64 expires; /* ns, on the ktime_get() clock */
    bool queued;
    struct hart *hart;
    /* In interrupt context. Returns true to be queued again at the new `expires`. */
    bool (*function)(struct hrtimer *t);
};

void hrtimer_init(struct hrtimer *t, bool (*function)(struct hrtimer *t));
/* Queue (or move) the timer on this hart; programs the hardware only if it becomes the earliest. */
void hrtimer_start(struct hrtimer *t, u64 expires_ns);
/* True if it was queued. */
bool hrtimer_cancel(struct hrtimer *t);

/* ns since boot of the machine, from CSR time. */
u64 ktime_get(void);
extern u64 timebase_hz;
u64 time_to_ns(u64 ticks);
u64 ns_to_time(u64 ns);

#endif
