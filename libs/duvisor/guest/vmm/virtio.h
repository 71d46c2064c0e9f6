/*
 * Virtio-mmio devices for the guest, version 2 (Virtual I/O Device 1.2, 2.7 and 4.2): virtio.c has the registers and the rings,
 * virtio_blk.c and virtio_net.c what the devices do. Each device has a thread of its own that serves its queues; the vCPU's
 * thread only touches registers.
 *
 * Nothing the guest writes is trusted: a ring index, length or address that makes no sense ends the VM with a message.
 */
#ifndef VMM_VIRTIO_H
#define VMM_VIRTIO_H

#include "sync.h"
#include "sys.h"
#include "vmm.h"

#define QUEUE_MAX 256
#define QUEUES 2
#define CHAIN_PIECES 64 /* of one direction */

struct virtqueue {
    u32 size;
    bool ready;
    gpa_t descriptor_gpa, driver_gpa, device_gpa; /* as the driver wrote them */
    /* While ready: the rings, all of them in guest RAM. */
    volatile struct vring_descriptor *descriptors;
    volatile struct vring_available *available;
    volatile struct vring_used *used;
    u16 next_available;
    u16 used_index;
};

struct virtio_device {
    const char *name;
    struct vm *vm;
    u32 id;
    int source; /* interrupt */
    int notify; /* eventfd: signalled by each QueueNotify */
    u64 features;
    u8 config[8]; /* bytes of the device's own configuration, from register 0x100 on */
    u32 config_size;

    struct mutex lock; /* the queues: held while they are served or set up */
    struct virtqueue queues[QUEUES];

    u32 status;
    u32 features_select, driver_select, queue_select;
    u64 driver_features;
    u32 interrupt_status; /* vm->irq_lock */
};

/* A chain as the guest queued it, in pieces of this process's memory: what it gives, then where it wants the answer. */
struct chain {
    u16 head;
    int out_count, in_count;
    u64 out_bytes, in_bytes;
    struct iovec out[CHAIN_PIECES], in[CHAIN_PIECES];
};

/* Puts the device on the bus at `base` and starts its thread. */
void virtio_attach(struct virtio_device *d, gpa_t base, void (*thread)(void *state), void *state);
_Noreturn void virtio_die(const struct virtio_device *d, const char *what);

/* For the device's thread, with d->lock held. False: the queue is empty or not set up. */
bool queue_next(struct virtio_device *d, struct virtqueue *q, struct chain *c);
void queue_done(struct virtqueue *q, const struct chain *c, u32 written);
/* Gives back the chain taken last: it is found again by the next queue_next(). */
void queue_put_back(struct virtqueue *q);
/* Asks the driver to notify, or not to; true when something was queued before it could know. */
bool queue_notifications(struct virtqueue *q, bool wanted);
/* Interrupts the guest for what was done, unless its driver does not want it. */
void queue_interrupt(struct virtio_device *d, const struct virtqueue *q);

/* Takes the first n bytes off a list of pieces into `to`; false when it holds fewer. */
bool pieces_take(struct iovec **v, int *count, void *to, u64 n);

/* virtio_blk.c, virtio_net.c */
void block_attach(struct vm *vm);
void net_attach(struct vm *vm);

#endif
