/* Ticket locks: take a number with one AMO, wait until it is served. */
#include "kernel/spinlock.h"

#include "kernel/atomic.h"
#include "kernel/sched.h"

void spin_lock(spinlock_t *l) {
    preempt_disable();
    u32 old = __atomic_fetch_add(&l->tickets, 1u << 16, __ATOMIC_RELAXED);
    u16 mine = (u16)(old >> 16);
    if (likely((u16)old == mine)) {
        smp_mb();
        return;
    }
    while ((u16)__atomic_load_n(&l->tickets, __ATOMIC_ACQUIRE) != mine) {}
    smp_mb();
}

void spin_unlock(spinlock_t *l) {
    u16 *serving = (u16 *)&l->tickets;
    __atomic_store_n(serving, (u16)(*serving + 1), __ATOMIC_RELEASE);
    preempt_enable();
}

void spin_lock_irq(spinlock_t *l) {
    local_irq_disable();
    spin_lock(l);
}

void spin_unlock_irq(spinlock_t *l) {
    spin_unlock(l);
    local_irq_enable();
}

unsigned long spin_lock_irqsave(spinlock_t *l) {
    unsigned long flags = local_irq_save();
    spin_lock(l);
    return flags;
}

void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags) {
    spin_unlock(l);
    local_irq_restore(flags);
}
