/*
 * /dev/net/tun, the part a VMM needs: one tap without extra headers, attached by TUNSETIFF; a read takes one frame, a write
 * sends one. Frames to the VM wait in a bounded queue.
 */
#include "errno.h"
#include "kernel.h"
#include "packet.h"
#include "probe.h"

#define TUNSETIFF 0x400454CA
#define IFF_TAP 0x0002
#define IFF_NO_PI 0x1000
#define O_NONBLOCK 0x800
#define QUEUE_MAX 500 /* frames, as Linux's tap */

struct ifreq {
    char name[16];
    u16 flags;
    u8 rest[22];
};

static struct {
    spinlock_t lock; /* all of this; taken in interrupts */
    struct file *file; /* that is attached; null: frames are dropped */
    struct list queue;
    u32 queued;
    struct wait_queue wait; /* readers */
} tap = { .queue = LIST_INIT(tap.queue) };

bool tap_deliver(struct packet *p) {
    STEP(tun_net_xmit);
    unsigned long flags = spin_lock_irqsave(&tap.lock);
    bool room = tap.file && tap.queued < QUEUE_MAX;
    if (room) {
        list_add_tail(&tap.queue, &p->link);
        tap.queued++;
        if (!list_empty(&tap.wait.waiters)) wake_up(&tap.wait);
        if (!list_empty(&tap.file->poll_wait.waiters)) wake_up(&tap.file->poll_wait);
    }
    spin_unlock_irqrestore(&tap.lock, flags);
    return room;
}

static struct packet *next_packet(void) {
    struct packet *p = NULL;
    unsigned long flags = spin_lock_irqsave(&tap.lock);
    if (!list_empty(&tap.queue)) {
        p = list_entry(tap.queue.next, struct packet, link);
        list_del(&p->link);
        tap.queued--;
    }
    spin_unlock_irqrestore(&tap.lock, flags);
    return p;
}

static bool attached(const struct file *f) { return READ_ONCE(tap.file) == f; }

/* Copies between a frame and user memory, at most as much as both hold; bytes moved or -EFAULT. */
static s64 copy_frame(u8 *frame, u64 length, const struct iovec *v, u32 count, bool to_user) {
    u64 done = 0;
    for (u32 i = 0; i < count && done < length; i++) {
        u64 part = MIN(v[i].length, length - done);
        int error = to_user ? copy_to_user(v[i].base, frame + done, part) : copy_from_user(frame + done, v[i].base, part);
        if (error) return error;
        done += part;
    }
    return (s64)done;
}

static s64 tun_read(struct file *f, const struct iovec *v, u32 count, u64 position) {
    (void)position;
    STEP(tun_do_read);
    if (!attached(f)) return -EBADF;
    struct packet *p = next_packet();
    s64 error = 0;
    if (!p && !(f->flags & O_NONBLOCK)) {
        WAITER(w);
        for (;;) {
            wait_prepare(&tap.wait, &w);
            if ((p = next_packet())) break;
            if (kill_pending()) {
                error = -EINTR;
                break;
            }
            schedule();
        }
        wait_finish(&tap.wait, &w);
    }
    if (!p) return error ? error : -EAGAIN;
    s64 n = copy_frame(p->frame, p->length, v, count, true);
    kfree(p);
    return n;
}

static s64 tun_write(struct file *f, const struct iovec *v, u32 count, u64 position) {
    (void)position;
    STEP(tun_get_user);
    if (!attached(f)) return -EBADF;
    u64 length = 0;
    for (u32 i = 0; i < count; i++) length += v[i].length;
    if (length < FRAME_MIN || length > FRAME_MAX) return -EINVAL;
    struct packet *p = kmalloc(sizeof(*p));
    if (!p) return -ENOMEM;
    list_init(&p->link);
    p->length = (u32)length;
    s64 n = copy_frame(p->frame, length, v, count, false);
    if (n < 0) kfree(p);
    else bridge_from_tap(p);
    return n;
}

static u32 tun_poll(struct file *f) {
    if (!attached(f)) return 0;
    return POLLOUT | (READ_ONCE(tap.queued) ? POLLIN : 0);
}

/* The name is the caller's choice: there is one tap. */
static s64 tun_ioctl(struct file *f, u32 cmd, u64 arg) {
    if (cmd != TUNSETIFF) return -ENOTTY;
    struct ifreq request;
    if (copy_from_user(&request, arg, sizeof(request))) return -EFAULT;
    if (request.flags != (IFF_TAP | IFF_NO_PI)) return -EINVAL;
    unsigned long flags = spin_lock_irqsave(&tap.lock);
    bool busy = tap.file;
    if (!busy) tap.file = f;
    spin_unlock_irqrestore(&tap.lock, flags);
    return busy ? -EBUSY : 0;
}

static void tun_release(struct file *f) {
    if (!attached(f)) return;
    unsigned long flags = spin_lock_irqsave(&tap.lock);
    tap.file = NULL;
    spin_unlock_irqrestore(&tap.lock, flags);
    for (struct packet *p; (p = next_packet());) kfree(p);
}

static const struct file_ops tun_ops = {
    .read_at = tun_read, .write_at = tun_write, .poll = tun_poll, .ioctl = tun_ioctl, .release = tun_release
};

void tun_init(void) {
    wait_queue_init(&tap.wait);
    device_register("net/tun", &tun_ops);
}
