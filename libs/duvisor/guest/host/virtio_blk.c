/*
 * The machine's disk as /dev/vda (Virtual I/O Device 1.2, 5.2). Positions and lengths are whole sectors and nothing is
 * cached, as with O_DIRECT: every call is a request to the device, through a bounce buffer, because a VM's memory may have
 * no struct pages to pin.
 */
#include "errno.h"
#include "kernel.h"
#include "kernel/irq.h"
#include "probe.h"
#include "virtio.h"

#define SECTOR 512
#define BOUNCE_ORDER 4 /* 64 KiB a request */
#define BOUNCE_BYTES (PAGE_SIZE << BOUNCE_ORDER)

#define FEATURE_READ_ONLY BIT(5)
#define FEATURE_FLUSH BIT(9)

enum { REQUEST_IN = 0, REQUEST_OUT = 1, REQUEST_FLUSH = 4 };
#define REQUEST_OK 0

struct request {
    struct {
        u32 type, reserved;
        u64 sector;
    } header;
    u8 status;
    bool done;
};

static struct {
    struct virtio_device *device;
    u64 features;
    u64 bytes;
    struct virtqueue queue;
    spinlock_t lock; /* the queue */
    struct wait_queue wait; /* for a request to be done, or for room in the queue */
} disk;

static void on_interrupt(void *argument) {
    (void)argument;
    STEP(virtblk_done);
    virtio_acknowledge(disk.device);
    spin_lock(&disk.lock);
    struct request *r;
    while ((r = virtqueue_take(&disk.queue, NULL))) WRITE_ONCE(r->done, true);
    spin_unlock(&disk.lock);
    wake_up(&disk.wait);
}

static bool submit(const struct virtio_buffer *buffers, u32 count, struct request *r) {
    unsigned long flags = spin_lock_irqsave(&disk.lock);
    bool added = virtqueue_add(&disk.queue, buffers, count, r);
    if (added) virtqueue_kick(&disk.queue);
    spin_unlock_irqrestore(&disk.lock, flags);
    return added;
}

/* One request with `length` bytes at `data` (null: none); sleeps until the device is done. Not to be interrupted: the device
 * writes into `data` and `r`. 0 or -EIO. */
static int transfer(struct request *r, u32 type, u64 sector, void *data, u32 length) {
    STEP(virtio_queue_rq);
    r->header.type = type;
    r->header.reserved = 0;
    r->header.sector = sector;
    r->status = 0xFF;
    r->done = false;
    struct virtio_buffer buffers[3];
    u32 n = 0;
    buffers[n++] = (struct virtio_buffer){ virt_to_phys(&r->header), sizeof(r->header), false };
    if (data) buffers[n++] = (struct virtio_buffer){ virt_to_phys(data), length, type == REQUEST_IN };
    buffers[n++] = (struct virtio_buffer){ virt_to_phys(&r->status), 1, true };

    WAITER(w);
    bool added = false;
    for (;;) {
        wait_prepare(&disk.wait, &w);
        if (!added) added = submit(buffers, n, r);
        if (added && READ_ONCE(r->done)) break;
        schedule();
    }
    wait_finish(&disk.wait, &w);
    return r->status == REQUEST_OK ? 0 : -EIO;
}

static s64 copy_iov(const struct iovec *v, u32 count, u64 skip, u8 *bytes, u64 n, bool to_user) {
    for (u32 i = 0; i < count && n; i++) {
        if (skip >= v[i].length) {
            skip -= v[i].length;
            continue;
        }
        u64 part = MIN(v[i].length - skip, n);
        if (to_user ? copy_to_user(v[i].base + skip, bytes, part) : copy_from_user(bytes, v[i].base + skip, part)) return -EFAULT;
        bytes += part;
        n -= part;
        skip = 0;
    }
    return 0;
}

static s64 move(const struct iovec *v, u32 count, u64 position, bool write) {
    u64 total = 0, done = 0;
    for (u32 i = 0; i < count; i++) total += v[i].length;
    if ((position | total) % SECTOR) return -EINVAL;
    if (position >= disk.bytes) return write && total ? -ENOSPC : 0;
    total = MIN(total, disk.bytes - position);

    struct request *r = kmalloc(sizeof(*r));
    struct page *bounce = alloc_pages(BOUNCE_ORDER, GFP_KERNEL);
    s64 error = r && bounce ? 0 : -ENOMEM;
    while (!error && done < total && !kill_pending()) {
        u64 part = MIN(total - done, BOUNCE_BYTES);
        u8 *bytes = page_address(bounce);
        if (write) error = copy_iov(v, count, done, bytes, part, false);
        if (!error) error = transfer(r, write ? REQUEST_OUT : REQUEST_IN, (position + done) / SECTOR, bytes, (u32)part);
        if (!error && !write) error = copy_iov(v, count, done, bytes, part, true);
        if (!error) done += part;
    }
    if (bounce) free_pages(bounce, BOUNCE_ORDER);
    kfree(r);
    return done ? (s64)done : error;
}

static s64 blk_read(struct file *f, const struct iovec *v, u32 count, u64 position) {
    (void)f;
    return move(v, count, position, false);
}

static s64 blk_write(struct file *f, const struct iovec *v, u32 count, u64 position) {
    (void)f;
    if (disk.features & FEATURE_READ_ONLY) return -EROFS;
    return move(v, count, position, true);
}

static s64 blk_sync(struct file *f) {
    (void)f;
    if (!(disk.features & FEATURE_FLUSH)) return 0; /* the device has no cache of its own */
    struct request *r = kmalloc(sizeof(*r));
    if (!r) return -ENOMEM;
    int error = transfer(r, REQUEST_FLUSH, 0, NULL, 0);
    kfree(r);
    return error;
}

static s64 blk_size(struct file *f) {
    (void)f;
    return (s64)disk.bytes;
}

static int blk_open(struct file *f) { return (f->flags & 3) && (disk.features & FEATURE_READ_ONLY) ? -EROFS : 0; }

static const struct file_ops blk_ops = {
    .open = blk_open, .read_at = blk_read, .write_at = blk_write, .sync = blk_sync, .size = blk_size
};

bool virtio_blk_probe(struct virtio_device *d) {
    if (disk.device) return false; /* one disk */
    u64 features = virtio_begin(d, FEATURE_READ_ONLY | FEATURE_FLUSH);
    if (features == ~0UL || !virtio_queue(d, 0, &disk.queue)) return false;
    disk.device = d;
    disk.features = features;
    disk.bytes = virtio_config64(d, 0) * SECTOR;
    wait_queue_init(&disk.wait);
    irq_request(d->irq, on_interrupt, NULL);
    virtio_ready(d);
    device_register("vda", &blk_ops);
    return true;
}
