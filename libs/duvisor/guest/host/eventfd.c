#include "kernel/eventfd.h"

#include "errno.h"
#include "kernel.h"
#include "probe.h"

#define EFD_SEMAPHORE 1
#define O_NONBLOCK 0x800
#define COUNT_MAX (~0UL - 1)

struct eventfd {
    atomic_t refs;
    spinlock_t lock;
    u64 count;
    struct file *file; /* for pollers; null once the descriptor is closed */
    struct wait_queue wait;
};

static s64 eventfd_read(struct file *f, u64 buf, u64 n) {
    struct eventfd *e = f->private;
    STEP(eventfd_read);
    if (n < sizeof(u64)) return -EINVAL;
    WAITER(w);
    u64 value = 0;
    s64 error = 0;
    for (;;) {
        wait_prepare(&e->wait, &w);
        spin_lock_irq(&e->lock);
        if (e->count) {
            value = f->flags & EFD_SEMAPHORE ? 1 : e->count;
            e->count -= value;
        }
        spin_unlock_irq(&e->lock);
        if (value) break;
        error = f->flags & O_NONBLOCK ? -EAGAIN : kill_pending() ? -EINTR : 0;
        if (error) break;
        schedule();
    }
    wait_finish(&e->wait, &w);
    if (error) return error;
    wake_up(&e->wait); /* writers that waited for room */
    return copy_to_user(buf, &value, sizeof(value)) ? -EFAULT : (s64)sizeof(value);
}

static s64 eventfd_write(struct file *f, u64 buf, u64 n) {
    struct eventfd *e = f->private;
    u64 value;
    STEP(eventfd_write);
    if (n < sizeof(u64)) return -EINVAL;
    if (copy_from_user(&value, buf, sizeof(value))) return -EFAULT;
    if (value == ~0UL) return -EINVAL;
    WAITER(w);
    s64 error = 0;
    for (;;) {
        wait_prepare(&e->wait, &w);
        spin_lock_irq(&e->lock);
        bool room = value <= COUNT_MAX - e->count;
        if (room) e->count += value;
        spin_unlock_irq(&e->lock);
        if (room) break;
        error = f->flags & O_NONBLOCK ? -EAGAIN : kill_pending() ? -EINTR : 0;
        if (error) break;
        schedule();
    }
    wait_finish(&e->wait, &w);
    if (error) return error;
    eventfd_signal(e, 0);
    return sizeof(value);
}

static u32 eventfd_poll(struct file *f) {
    struct eventfd *e = f->private;
    u64 count = READ_ONCE(e->count);
    return (count ? POLLIN : 0) | (count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_release(struct file *f) {
    struct eventfd *e = f->private;
    spin_lock_irq(&e->lock);
    e->file = NULL;
    spin_unlock_irq(&e->lock);
    eventfd_ctx_put(e);
}

static const struct file_ops eventfd_ops = {
    .read = eventfd_read, .write = eventfd_write, .poll = eventfd_poll, .release = eventfd_release
};

int eventfd_create(u64 count, u32 flags) {
    struct eventfd *e = kzalloc(sizeof(*e));
    if (!e) return -ENOMEM;
    atomic_set(&e->refs, 1);
    e->count = count;
    wait_queue_init(&e->wait);
    int fd = anon_inode_getfd(&eventfd_ops, e, flags);
    if (fd < 0) {
        kfree(e);
        return fd;
    }
    struct file *f = fget(fd);
    e->file = f;
    fput(f);
    return fd;
}

struct eventfd *eventfd_ctx_fdget(int fd) {
    struct file *f = fget(fd);
    if (!f) return NULL;
    struct eventfd *e = f->ops == &eventfd_ops ? f->private : NULL;
    if (e) atomic_inc(&e->refs);
    fput(f);
    return e;
}

void eventfd_ctx_put(struct eventfd *e) {
    if (atomic_dec_and_test(&e->refs)) kfree(e);
}

void eventfd_signal(struct eventfd *e, u64 n) {
    unsigned long flags = spin_lock_irqsave(&e->lock);
    e->count += MIN(n, COUNT_MAX - e->count);
    if (!list_empty(&e->wait.waiters)) wake_up(&e->wait);
    if (e->file && !list_empty(&e->file->poll_wait.waiters)) wake_up(&e->file->poll_wait);
    spin_unlock_irqrestore(&e->lock, flags);
}
