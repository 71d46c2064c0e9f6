/*
 * The guest's network device (Virtual I/O Device 1.2, 5.1): queue 0 receives, queue 1 sends; the far side is a tap of the host.
 * No offloads: each frame goes as it is, behind a header that says nothing.
 */
#include "probe.h"
#include "virtio.h"

#define DEVICE_NET 1
#define FEATURE_MAC (1ul << 5)
#define HEADER 12
#define FRAME_MAX 1518
#define RECEIVE_MIN (HEADER + 1514) /* what a driver without offloads has to offer (5.1.6.3.1) */

#define TUNSETIFF 0x400454CA
#define IFF_TAP 0x0002
#define IFF_NO_PI 0x1000

enum { RECEIVE, SEND };

struct net_header {
    u8 flags, gso_type;
    u16 header_length, gso_size, checksum_start, checksum_offset, buffers;
};
_Static_assert(sizeof(struct net_header) == HEADER, "virtio_net_hdr");

static struct virtio_device device = {
    .name = "virtio-net", .id = DEVICE_NET, .source = SOURCE_NET, .features = FEATURE_MAC,
    .config = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56}, .config_size = 6,
};
static int tap;
static struct chain chain;

/* Every frame that the guest has queued; what the tap does not take is lost, as on a wire. */
static void send_all(void) {
    struct virtqueue *q = &device.queues[SEND];
    bool sent = false;
    do {
        queue_notifications(q, false);
        while (queue_next(&device, q, &chain)) {
            STEP(net_send);
            struct iovec *v = chain.out;
            int count = chain.out_count;
            if (!pieces_take(&v, &count, 0, HEADER)) virtio_die(&device, "a frame has no header");
            if (chain.out_bytes <= HEADER + FRAME_MAX) sys_writev(tap, v, count);
            queue_done(q, &chain, 0);
            sent = true;
        }
    } while (queue_notifications(q, true));
    if (sent) queue_interrupt(&device, q);
}

/* Frames from the tap into the guest's buffers, until one of them is out. False: the guest has no buffer left. */
static bool receive_all(void) {
    static const struct net_header header = {.buffers = 1};
    struct virtqueue *q = &device.queues[RECEIVE];
    bool received = false, buffers = true;
    queue_notifications(q, false);
    for (;;) {
        if (!queue_next(&device, q, &chain)) {
            if (queue_notifications(q, true)) continue;
            buffers = false;
            break;
        }
        STEP(net_receive);
        struct iovec *v = chain.in;
        int count = chain.in_count;
        /* The header has its place in the first piece, as every driver lays it out. */
        if (chain.in_bytes < RECEIVE_MIN || v->length < HEADER) virtio_die(&device, "a receive buffer is too small");
        u8 *header_at = v->base;
        pieces_take(&v, &count, 0, HEADER);
        long n = sys_readv(tap, v, count);
        if (n == -EAGAIN) {
            queue_put_back(q);
            break;
        }
        if (n < 0) die(1, "%s: the tap cannot be read, errno %d", device.name, (int)-n);
        memcpy(header_at, &header, HEADER);
        queue_done(q, &chain, HEADER + n);
        received = true;
    }
    if (received) queue_interrupt(&device, q);
    return buffers;
}

/* The tap is looked at only while the guest has buffers; out of them, the guest's next notification may bring some. */
static void thread(void *unused) {
    (void)unused;
    struct pollfd fds[2] = {{.fd = device.notify, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    for (;;) {
        STEP(io_wait);
        sys_poll(fds, 2);
        bool notified = fds[0].revents, buffers = fds[1].fd >= 0, frames = buffers && fds[1].revents;
        u64 count;
        if (notified) sys_read(device.notify, &count, sizeof count);
        mutex_lock(&device.lock);
        if (notified) send_all();
        if (frames || (notified && !buffers)) fds[1].fd = receive_all() ? tap : -1;
        mutex_unlock(&device.lock);
    }
}

static void open_tap(const char *name) {
    struct {
        char name[16];
        u16 flags;
        u8 rest[22];
    } request = {.flags = IFF_TAP | IFF_NO_PI};
    if (strlen(name) >= sizeof request.name) die(2, "--vmtap: \"%s\" is longer than 15 characters", name);
    memcpy(request.name, name, strlen(name));
    tap = sys_open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    if (tap < 0) die(1, "/dev/net/tun: cannot open, errno %d", -tap);
    long result = sys_ioctl(tap, TUNSETIFF, (u64)&request);
    if (result < 0) die(1, "/dev/net/tun: cannot attach to %s, errno %d", name, (int)-result);
}

void net_attach(struct vm *vm) {
    if (!vm->tap_name) return;
    device.vm = vm;
    open_tap(vm->tap_name);
    virtio_attach(&device, GUEST_NET, thread, 0);
}
