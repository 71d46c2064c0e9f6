/* Futexes: threads of a process wait on the value of a word of theirs. One queue, searched by address space and address. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

struct futex_waiter {
    struct list link;
    struct task *task;
    struct mm *mm;
    u64 uaddr;
    bool woken;
};

static spinlock_t lock;
static struct list waiters = LIST_INIT(waiters);

s64 futex_wait(u64 uaddr, u32 expected, u64 until, bool timed) {
    struct futex_waiter w = { .task = current, .mm = current->mm, .uaddr = uaddr };
    u32 value;
    STEP(futex_wait);
    if (uaddr & 3) return -EINVAL;
    spin_lock_irq(&lock);
    list_add_tail(&waiters, &w.link);
    spin_unlock_irq(&lock);

    s64 result = 0;
    for (;;) {
        /* The value may fault in, so it is read before the state is set; a wake in between sets `woken`. */
        if (copy_from_user(&value, uaddr, sizeof(value))) result = -EFAULT;
        else if (value != expected) result = -EAGAIN;
        else if (kill_pending()) result = -EINTR;
        else if (timed && ktime_get() >= until) result = -ETIMEDOUT;
        WRITE_ONCE(current->state, TASK_SLEEPING);
        smp_mb();
        if (READ_ONCE(w.woken) || result) break;
        if (timed) schedule_timeout(until);
        else schedule();
        if (READ_ONCE(w.woken)) break;
    }
    WRITE_ONCE(current->state, TASK_RUNNING);
    spin_lock_irq(&lock);
    list_del(&w.link);
    spin_unlock_irq(&lock);
    return w.woken ? 0 : result;
}

s64 futex_wake(u64 uaddr, u32 count) {
    s64 n = 0;
    STEP(futex_wake);
    spin_lock_irq(&lock);
    list_for_each_safe(l, tmp, &waiters) {
        struct futex_waiter *w = list_entry(l, struct futex_waiter, link);
        if (w->mm != current->mm || w->uaddr != uaddr || (u32)n == count) continue;
        list_del(&w->link);
        WRITE_ONCE(w->woken, true);
        wake_task(w->task);
        n++;
    }
    spin_unlock_irq(&lock);
    return n;
}
