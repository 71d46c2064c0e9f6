/* Virtio over MMIO, version 2, with split virtqueues (Virtual I/O Device Specification 1.2, 2.7 and 4.2). */
#ifndef VM_VIRTIO_H
#define VM_VIRTIO_H

#include "vm.h"

#define VIRTIO_NET 1
#define VIRTIO_BLOCK 2
#define VIRTIO_CONFIG 0x100 /* device specific registers */
#define VIRTIO_F_VERSION_1 BIT(32)

#define QUEUE_MAX 128

#define DESC_NEXT 1
#define DESC_WRITE 2 /* the device writes */
struct virtq_desc {
    u64 address;
    u32 length;
    u16 flags, next;
};
#define AVAIL_NO_INTERRUPT 1
struct virtq_avail {
    u16 flags, index, ring[QUEUE_MAX];
};
#define USED_NO_NOTIFY 1
struct virtq_used {
    u16 flags, index;
    struct {
        u32 id, length;
    } ring[QUEUE_MAX];
};

struct virtio {
    volatile u8 *registers;
    u32 irq;
    u64 features; /* agreed upon */
};
struct virtq {
    struct virtio *device;
    u32 number;
    u16 size;      /* a power of two */
    u16 seen;      /* used entries taken */
    u16 published; /* what avail->index will be */
    struct virtq_desc *desc;
    volatile struct virtq_avail *avail;
    volatile struct virtq_used *used;
};

/* First device of that kind: agrees on VERSION_1 and those of `wanted` that it offers. False when there is none. */
bool virtio_find(struct virtio *v, u32 kind, u64 wanted);
void virtio_queue(struct virtio *v, struct virtq *q, u32 number);
void virtio_ready(struct virtio *v);
static inline u32 virtio_read(const struct virtio *v, u32 at) { return *(volatile u32 *)(v->registers + at); }
/* Interrupt status, acknowledged. */
u32 virtio_acknowledge(struct virtio *v);
/* Offer a chain to the device; it sees what was offered at virtq_kick. */
void virtq_offer(struct virtq *q, u16 head);
void virtq_kick(struct virtq *q);
/* Takes a finished chain: its head, and the bytes written; -1 when there is none. A value out of range ends the machine. */
s32 virtq_take(struct virtq *q, u32 *length);
static inline void virtq_interrupts(struct virtq *q, bool on) { q->avail->flags = on ? 0 : AVAIL_NO_INTERRUPT; }

#endif
