/*
 * Wait queues (host/wait.c). The pattern:
 *     WAITER(w);
 *     for (;;) { wait_prepare(&q, &w); if (condition) break; if (killed) ...; schedule(); }
 *     wait_finish(&q, &w);
 */
#ifndef KERNEL_WAIT_H
#define KERNEL_WAIT_H

#include "kernel/list.h"
#include "kernel/spinlock.h"

struct task;

struct wait_queue {
    spinlock_t lock;
    struct list waiters;
};

struct waiter {
    struct task *task;
    struct list link;
};

#define WAITER(name) struct waiter name = { current, LIST_INIT((name).link) }

void wait_queue_init(struct wait_queue *q);
/* Join the queue and mark the thread sleeping; call before testing the condition. */
void wait_prepare(struct wait_queue *q, struct waiter *w);
void wait_finish(struct wait_queue *q, struct waiter *w);
void wake_up(struct wait_queue *q);     /* all waiters */
void wake_up_one(struct wait_queue *q); /* the first */

#endif
