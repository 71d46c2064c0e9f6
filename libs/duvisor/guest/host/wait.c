#include "kernel/wait.h"

#include "kernel/atomic.h"
#include "kernel/sched.h"

void wait_queue_init(struct wait_queue *q) {
    spin_lock_init(&q->lock);
    list_init(&q->waiters);
}

void wait_prepare(struct wait_queue *q, struct waiter *w) {
    unsigned long flags = spin_lock_irqsave(&q->lock);
    if (list_empty(&w->link)) list_add_tail(&q->waiters, &w->link);
    WRITE_ONCE(current->state, TASK_SLEEPING);
    spin_unlock_irqrestore(&q->lock, flags);
    smp_mb(); /* the state before the condition */
}

void wait_finish(struct wait_queue *q, struct waiter *w) {
    WRITE_ONCE(current->state, TASK_RUNNING);
    unsigned long flags = spin_lock_irqsave(&q->lock);
    list_del(&w->link);
    spin_unlock_irqrestore(&q->lock, flags);
}

static void wake(struct wait_queue *q, bool all) {
    unsigned long flags = spin_lock_irqsave(&q->lock);
    list_for_each(l, &q->waiters) {
        wake_task(list_entry(l, struct waiter, link)->task);
        if (!all) break;
    }
    spin_unlock_irqrestore(&q->lock, flags);
}

void wake_up(struct wait_queue *q) { wake(q, true); }
void wake_up_one(struct wait_queue *q) { wake(q, false); }
