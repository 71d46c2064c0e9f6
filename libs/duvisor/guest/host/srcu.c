#include "kernel/srcu.h"

#include "kernel/sched.h"

void srcu_init(struct srcu *s) {
    *s = (struct srcu){ 0 };
    mutex_init(&s->writer);
}

/* One more, of this hart's own counter: an interrupt must not come between load and store (Linux: this_cpu_inc). */
static void count(s64 *counter) {
    unsigned long flags = local_irq_save();
    *counter += 1;
    local_irq_restore(flags);
}

int srcu_read_lock(struct srcu *s) {
    int i = READ_ONCE(s->index) & 1;
    count(&s->hart[hart_id()].lock[i]);
    smp_mb(); /* the count before the reads it protects */
    return i;
}

void srcu_read_unlock(struct srcu *s, int i) {
    smp_mb(); /* the protected reads before the count */
    count(&s->hart[hart_id()].unlock[i]);
}

/* Unlocks are summed first: a reader that slips in between makes the set look busy, never free. */
static bool drained(const struct srcu *s, int i) {
    s64 unlocks = 0, locks = 0;
    for (u32 h = 0; h < nr_harts; h++) unlocks += READ_ONCE(s->hart[h].unlock[i]);
    smp_mb();
    for (u32 h = 0; h < nr_harts; h++) locks += READ_ONCE(s->hart[h].lock[i]);
    return locks == unlocks;
}

void synchronize_srcu(struct srcu *s) {
    mutex_lock(&s->writer);
    /* Twice: a reader may have fetched the index before the first flip and count itself after it. */
    for (int round = 0; round < 2; round++) {
        int old = s->index & 1;
        smp_mb();
        WRITE_ONCE(s->index, s->index + 1);
        smp_mb();
        while (!drained(s, old)) yield();
    }
    mutex_unlock(&s->writer);
}

void rcu_note_context_switch(void) {
    barrier();
    current->hart->rcu_quiescent++;
    barrier();
}
