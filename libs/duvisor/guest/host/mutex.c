/* Sleeping locks. The fast paths are one atomic operation; a contended lock puts the thread on a list and sleeps. */
#include "kernel/mutex.h"

#include "errno.h"
#include "kernel/sched.h"

void mutex_init(struct mutex *m) {
    m->owner = NULL;
    spin_lock_init(&m->wait_lock);
    list_init(&m->waiters);
}

static bool try_take(struct mutex *m) {
    struct task *free = NULL;
    return __atomic_compare_exchange_n(&m->owner, &free, current, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static int lock_slow(struct mutex *m, bool killable) {
    WAITER(w);
    int error = 0;
    unsigned long flags = spin_lock_irqsave(&m->wait_lock);
    list_add_tail(&m->waiters, &w.link);
    for (;;) {
        current->state = TASK_SLEEPING;
        if (try_take(m)) break;
        if (killable && kill_pending()) {
            error = -EINTR;
            break;
        }
        spin_unlock_irqrestore(&m->wait_lock, flags);
        schedule();
        flags = spin_lock_irqsave(&m->wait_lock);
    }
    current->state = TASK_RUNNING;
    list_del(&w.link);
    spin_unlock_irqrestore(&m->wait_lock, flags);
    return error;
}

void mutex_lock(struct mutex *m) {
    if (!try_take(m)) lock_slow(m, false);
}

int mutex_lock_killable(struct mutex *m) { return try_take(m) ? 0 : lock_slow(m, true); }

static void wake_waiters(struct list *waiters, spinlock_t *lock, bool all) {
    unsigned long flags = spin_lock_irqsave(lock);
    list_for_each(l, waiters) {
        wake_task(list_entry(l, struct waiter, link)->task);
        if (!all) break;
    }
    spin_unlock_irqrestore(lock, flags);
}

void mutex_unlock(struct mutex *m) {
    __atomic_store_n(&m->owner, NULL, __ATOMIC_RELEASE);
    smp_mb(); /* the release before the look at the list */
    if (!list_empty(&m->waiters)) wake_waiters(&m->waiters, &m->wait_lock, false);
}

void rwsem_init(struct rwsem *s) {
    s->count = 0;
    spin_lock_init(&s->wait_lock);
    list_init(&s->waiters);
}

static bool try_read(struct rwsem *s) {
    s64 old = __atomic_load_n(&s->count, __ATOMIC_RELAXED);
    while (old >= 0)
        if (__atomic_compare_exchange_n(&s->count, &old, old + 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return true;
    return false;
}

static bool try_write(struct rwsem *s) {
    s64 free = 0;
    return __atomic_compare_exchange_n(&s->count, &free, -1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

static void down_slow(struct rwsem *s, bool (*try)(struct rwsem *)) {
    WAITER(w);
    unsigned long flags = spin_lock_irqsave(&s->wait_lock);
    list_add_tail(&s->waiters, &w.link);
    for (;;) {
        current->state = TASK_SLEEPING;
        if (try(s)) break;
        spin_unlock_irqrestore(&s->wait_lock, flags);
        schedule();
        flags = spin_lock_irqsave(&s->wait_lock);
    }
    current->state = TASK_RUNNING;
    list_del(&w.link);
    spin_unlock_irqrestore(&s->wait_lock, flags);
}

void down_read(struct rwsem *s) {
    if (!try_read(s)) down_slow(s, try_read);
}

void down_write(struct rwsem *s) {
    if (!try_write(s)) down_slow(s, try_write);
}

void up_read(struct rwsem *s) {
    __atomic_fetch_add(&s->count, -1, __ATOMIC_RELEASE);
    smp_mb();
    if (!list_empty(&s->waiters)) wake_waiters(&s->waiters, &s->wait_lock, true);
}

void up_write(struct rwsem *s) {
    __atomic_store_n(&s->count, 0, __ATOMIC_RELEASE);
    smp_mb();
    if (!list_empty(&s->waiters)) wake_waiters(&s->waiters, &s->wait_lock, true);
}
