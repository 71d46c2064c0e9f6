/*
 * Counters of the zone. Each hart counts differences of its own and folds them into the shared number when they reach
 * a threshold, so that the shared cache line is written rarely.
 */
#include "kernel.h"

#define THRESHOLD 32

static u64 events[MAX_HARTS][VM_EVENTS];
static s64 totals[ZONE_STATS];
static s32 differences[MAX_HARTS][ZONE_STATS];

void mod_zone_stat(enum zone_stat item, s64 delta) {
    unsigned long flags = local_irq_save();
    s32 *d = &differences[hart_id()][item];
    s64 x = *d + delta;
    if (unlikely(x > THRESHOLD || x < -THRESHOLD)) {
        __atomic_fetch_add(&totals[item], x, __ATOMIC_RELAXED);
        x = 0;
    }
    *d = (s32)x;
    local_irq_restore(flags);
}

s64 zone_stat(enum zone_stat item) {
    s64 sum = __atomic_load_n(&totals[item], __ATOMIC_RELAXED);
    for (u32 h = 0; h < nr_harts; h++) sum += differences[h][item];
    return sum < 0 ? 0 : sum;
}

void count_vm_event(enum vm_event event) { events[hart_id()][event]++; }

u64 vm_event(enum vm_event event) {
    u64 sum = 0;
    for (u32 h = 0; h < nr_harts; h++) sum += events[h][event];
    return sum;
}
