/* The guest's disk (Virtual I/O Device 1.2, 5.2): one queue, requests served in order by preadv and pwritev on a file. */
#include "probe.h"
#include "virtio.h"

#define DEVICE_BLOCK 2
#define SECTOR 512ul
#define FEATURE_READ_ONLY (1ul << 5)
#define FEATURE_FLUSH (1ul << 9)

enum { REQUEST_IN = 0, REQUEST_OUT = 1, REQUEST_FLUSH = 4, REQUEST_GET_ID = 8 };
enum { STATUS_OK = 0, STATUS_IO_ERROR = 1, STATUS_UNSUPPORTED = 2 };
#define ID_BYTES 20

struct request_header {
    u32 type, reserved;
    u64 sector;
};

static struct virtio_device device = {.name = "virtio-blk", .id = DEVICE_BLOCK, .source = SOURCE_BLOCK, .features = FEATURE_FLUSH};
static int file;
static u64 sectors;

/* Bytes moved between the guest's pieces and the file, or -1 for what lies beyond the disk or does not fit its sectors. */
static long move(const struct request_header *header, const struct iovec *v, int count, bool write) {
    u64 bytes = 0;
    for (int i = 0; i < count; i++) bytes += v[i].length;
    if (bytes % SECTOR || header->sector > sectors || bytes / SECTOR > sectors - header->sector) return -1;
    u64 at = header->sector * SECTOR;
    long n = write ? sys_pwritev(file, v, count, at) : sys_preadv(file, v, count, at);
    return n == (long)bytes ? n : -1;
}

/* Answers one chain: header and data to read, then data to write and a last byte for the status. Bytes written. */
static u32 serve(struct chain *c) {
    STEP(block_request);
    struct request_header header;
    struct iovec *out = c->out;
    int out_count = c->out_count;
    if (!pieces_take(&out, &out_count, &header, sizeof header)) virtio_die(&device, "a request has no header");
    if (c->in_bytes == 0) virtio_die(&device, "a request has no byte for its status");
    while (c->in[c->in_count - 1].length == 0) c->in_count--;
    struct iovec *last = &c->in[c->in_count - 1];
    u8 *status = &last->base[--last->length];

    static const u8 name[ID_BYTES] = "vda";
    long n = -1;
    *status = STATUS_OK;
    switch (header.type) {
    case REQUEST_IN: n = move(&header, c->in, c->in_count, false); break;
    case REQUEST_OUT: n = device.features & FEATURE_READ_ONLY ? -1 : move(&header, out, out_count, true) < 0 ? -1 : 0; break;
    case REQUEST_FLUSH: n = sys_fdatasync(file) < 0 ? -1 : 0; break;
    case REQUEST_GET_ID:
        n = MIN(c->in[0].length, ID_BYTES);
        memcpy(c->in[0].base, name, n);
        break;
    default:
        *status = STATUS_UNSUPPORTED;
        return 1;
    }
    if (n < 0) *status = STATUS_IO_ERROR;
    return n < 0 ? 1 : n + 1;
}

/* The queue is served until it is empty; the driver need not notify meanwhile. */
static void serve_queue(void) {
    static struct chain chain;
    struct virtqueue *q = &device.queues[0];
    mutex_lock(&device.lock);
    do {
        queue_notifications(q, false);
        while (queue_next(&device, q, &chain)) {
            queue_done(q, &chain, serve(&chain));
            queue_interrupt(&device, q);
        }
    } while (queue_notifications(q, true));
    mutex_unlock(&device.lock);
}

static void thread(void *unused) {
    (void)unused;
    for (;;) {
        u64 notified;
        STEP(io_wait);
        sys_read(device.notify, &notified, sizeof notified);
        serve_queue();
    }
}

void block_attach(struct vm *vm) {
    if (!vm->block_path) return;
    device.vm = vm;
    file = sys_open(vm->block_path, O_RDWR);
    if (file < 0) {
        file = sys_open(vm->block_path, O_RDONLY);
        device.features |= FEATURE_READ_ONLY;
    }
    if (file < 0) die(1, "%s: cannot open, errno %d", vm->block_path, -file);
    long bytes = sys_seek_end(file);
    if (bytes < 0) die(1, "%s: has no size, errno %d", vm->block_path, (int)-bytes);
    sectors = bytes / SECTOR;
    memcpy(device.config, &sectors, sizeof sectors);
    device.config_size = sizeof sectors;
    virtio_attach(&device, GUEST_BLOCK, thread, 0);
}
