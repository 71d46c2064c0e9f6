/*
 * The machine's network device (Virtual I/O Device 1.2, 5.1): no offloads, a buffer a frame. Received frames go to the bridge
 * in the interrupt. What was sent is taken back when the next frame is sent, without an interrupt, as Linux does for tap
 * traffic; so the send queue is also the bound on what waits.
 */
#include "kernel.h"
#include "kernel/irq.h"
#include "packet.h"
#include "probe.h"
#include "virtio.h"

#define FEATURE_MAC BIT(5)

enum { QUEUE_RECEIVE, QUEUE_SEND };

static struct {
    struct virtio_device *device;
    struct virtqueue receive, send;
    spinlock_t send_lock;
} nic;

static bool offer(struct packet *p) {
    const struct virtio_buffer whole = { virt_to_phys(p->header), NET_HEADER + FRAME_MAX, true };
    return virtqueue_add(&nic.receive, &whole, 1, p);
}

/* A frame goes up only when there is another buffer to take its place; without memory it is dropped and its buffer reused. */
static void receive(struct packet *p, u32 written) {
    STEP(receive_buf);
    struct packet *fresh = kmalloc(sizeof(*fresh));
    bool good = written >= NET_HEADER + FRAME_MIN && written <= NET_HEADER + FRAME_MAX;
    if (!fresh || !good) {
        kfree(fresh);
        offer(p);
        return;
    }
    list_init(&p->link);
    p->length = written - NET_HEADER;
    offer(fresh);
    bridge_from_nic(p);
}

static void on_interrupt(void *argument) {
    (void)argument;
    STEP(virtnet_poll);
    virtio_acknowledge(nic.device);
    struct packet *p;
    u32 written;
    while ((p = virtqueue_take(&nic.receive, &written))) {
        receive(p, written);
        STEP(virtnet_poll);
    }
    virtqueue_kick(&nic.receive);
}

bool nic_send(struct packet *p) {
    if (!nic.device) return false;
    STEP(start_xmit);
    memset(p->header, 0, NET_HEADER);
    const struct virtio_buffer whole = { virt_to_phys(p->header), NET_HEADER + p->length, false };
    unsigned long flags = spin_lock_irqsave(&nic.send_lock);
    struct packet *sent;
    while ((sent = virtqueue_take(&nic.send, NULL))) kfree(sent);
    bool room = virtqueue_add(&nic.send, &whole, 1, p);
    if (room) virtqueue_kick(&nic.send);
    spin_unlock_irqrestore(&nic.send_lock, flags);
    return room;
}

bool virtio_net_probe(struct virtio_device *d) {
    if (nic.device) return false; /* one network device */
    if (virtio_begin(d, FEATURE_MAC) == ~0UL) return false;
    if (!virtio_queue(d, QUEUE_RECEIVE, &nic.receive) || !virtio_queue(d, QUEUE_SEND, &nic.send)) return false;
    virtqueue_interrupts(&nic.send, false);
    for (u32 i = 0; i < nic.receive.size; i++) {
        struct packet *p = kmalloc(sizeof(*p));
        if (!p || !offer(p)) break;
    }
    nic.device = d;
    irq_request(d->irq, on_interrupt, NULL);
    virtio_ready(d);
    virtqueue_kick(&nic.receive);
    return true;
}
