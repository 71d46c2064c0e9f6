/* Sleeping locks (host/mutex.c). Thread context only. */
#ifndef KERNEL_MUTEX_H
#define KERNEL_MUTEX_H

#include "kernel/atomic.h"
#include "kernel/list.h"
#include "kernel/spinlock.h"

struct task;

struct mutex {
    struct task *owner; /* null when free; taken by compare-and-swap on the fast path */
    spinlock_t wait_lock;
    struct list waiters;
};

void mutex_init(struct mutex *m);
void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);
/* -EINTR when the thread is being killed. */
int mutex_lock_killable(struct mutex *m);

/* Readers/writer lock: many readers or one writer. Used for mm->mmap_lock. */
struct rwsem {
    s64 count; /* readers, or -1 for a writer */
    spinlock_t wait_lock;
    struct list waiters;
};

void rwsem_init(struct rwsem *s);
void down_read(struct rwsem *s);
void up_read(struct rwsem *s);
void down_write(struct rwsem *s);
void up_write(struct rwsem *s);

#endif
