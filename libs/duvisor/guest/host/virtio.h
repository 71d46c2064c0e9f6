/*
 * Virtio 1.x drivers over MMIO (Virtual I/O Device 1.2, ch. 2.7 split virtqueues, 4.2 MMIO transport): virtio.c finds the
 * devices and moves buffers, virtio_blk.c and virtio_net.c are the drivers.
 */
#ifndef HOST_VIRTIO_H
#define HOST_VIRTIO_H

#include "kernel/layout.h"
#include "types.h"

#define VIRTQUEUE_MAX 256 /* entries of a queue: a power of two */

struct virtio_device {
    paddr_t base;
    u32 irq; /* interrupt source; 0: none */
};

struct virtqueue {
    struct virtio_device *device;
    u32 index;
    u16 size;
    struct vring_descriptor *descriptors;
    struct vring_available *available;
    struct vring_used *used;
    u16 free;      /* first free descriptor; the free ones are chained */
    u16 free_count;
    u16 next_used; /* next entry of the used ring to look at */
    void *tokens[VIRTQUEUE_MAX]; /* by first descriptor of a chain */
};

/* A piece of a request: physically contiguous. The device's inputs come before what it writes. */
struct virtio_buffer {
    paddr_t address;
    u32 length;
    bool device_writes;
};

/* Finds devices and starts their drivers. */
void virtio_init(void);

/* Resets the device and agrees on VERSION_1 and `features` if offered; what both want, or ~0 when it will not have it. */
u64 virtio_begin(struct virtio_device *d, u64 features);
/* Queue `index` with at most VIRTQUEUE_MAX entries; false when there is no such queue or no memory. */
bool virtio_queue(struct virtio_device *d, u32 index, struct virtqueue *q);
void virtio_ready(struct virtio_device *d);
/* Eight bits of the device's own configuration. */
u8 virtio_config(const struct virtio_device *d, u32 offset);
u64 virtio_config64(const struct virtio_device *d, u32 offset);
/* Reads and acknowledges why the device interrupts. */
u32 virtio_acknowledge(const struct virtio_device *d);

/* Offers a chain of `count` buffers to the device; false when the queue has no room. The caller serialises per queue. */
bool virtqueue_add(struct virtqueue *q, const struct virtio_buffer *buffers, u32 count, void *token);
/* Tells the device that there is something, unless it asked not to be told. */
void virtqueue_kick(const struct virtqueue *q);
/* Token of a chain that the device is done with, and the bytes it wrote; null when there is none. */
void *virtqueue_take(struct virtqueue *q, u32 *written);
/* Whether the device shall interrupt when it is done with a chain. */
void virtqueue_interrupts(struct virtqueue *q, bool wanted);

/* The drivers' start functions; false: the device is left alone. */
bool virtio_blk_probe(struct virtio_device *d);
bool virtio_net_probe(struct virtio_device *d);

#endif
