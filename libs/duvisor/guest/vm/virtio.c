#include "virtio.h"

enum registers {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SEL = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SEL = 0x024, QUEUE_SEL = 0x030, QUEUE_NUM_MAX = 0x034, QUEUE_NUM = 0x038,
    QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESC = 0x080, QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0a0,
};
enum status { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, FAILED = 128 };

#define MAGIC_VALUE 0x74726976

static void put(const struct virtio *v, u32 at, u32 value) { *(volatile u32 *)(v->registers + at) = value; }

static void put64(const struct virtio *v, u32 at, u64 value) {
    put(v, at, (u32)value);
    put(v, at + 4, (u32)(value >> 32));
}

/* 3.1.1, steps 1 to 6. */
static void negotiate(struct virtio *v, u64 wanted) {
    put(v, STATUS, 0);
    put(v, STATUS, ACKNOWLEDGE | DRIVER);
    put(v, DEVICE_FEATURES_SEL, 1);
    u64 offered = (u64)virtio_read(v, DEVICE_FEATURES) << 32;
    put(v, DEVICE_FEATURES_SEL, 0);
    offered |= virtio_read(v, DEVICE_FEATURES);
    v->features = offered & (wanted | VIRTIO_F_VERSION_1);
    if (!(v->features & VIRTIO_F_VERSION_1)) panic("virtio: the device offers no VERSION_1 (features 0x%lx)", offered);
    put(v, DRIVER_FEATURES_SEL, 1);
    put(v, DRIVER_FEATURES, (u32)(v->features >> 32));
    put(v, DRIVER_FEATURES_SEL, 0);
    put(v, DRIVER_FEATURES, (u32)v->features);
    put(v, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
    if (!(virtio_read(v, STATUS) & FEATURES_OK)) panic("virtio: the device refuses features 0x%lx", v->features);
}

bool virtio_find(struct virtio *v, u32 kind, u64 wanted) {
    for (u32 i = 0; i < boot.virtios; i++) {
        v->registers = phys_to_virt(boot.virtio[i].base);
        v->irq = boot.virtio[i].irq;
        if (virtio_read(v, MAGIC) != MAGIC_VALUE || virtio_read(v, VERSION) != 2 || virtio_read(v, DEVICE_ID) != kind) continue;
        negotiate(v, wanted);
        return true;
    }
    return false;
}

void virtio_queue(struct virtio *v, struct virtq *q, u32 number) {
    put(v, QUEUE_SEL, number);
    u32 max = virtio_read(v, QUEUE_NUM_MAX), size = QUEUE_MAX;
    while (size > max) size /= 2;
    if (size == 0) panic("virtio: device has no queue %u", number);
    u8 *memory = boot_alloc(3 * PAGE_SIZE);
    memset(memory, 0, 3 * PAGE_SIZE);
    *q = (struct virtq){ .device = v, .number = number, .size = (u16)size };
    q->desc = (struct virtq_desc *)memory;
    q->avail = (struct virtq_avail *)(memory + PAGE_SIZE);
    q->used = (struct virtq_used *)(memory + 2 * PAGE_SIZE);
    put(v, QUEUE_NUM, size);
    put64(v, QUEUE_DESC, virt_to_phys(memory));
    put64(v, QUEUE_DRIVER, virt_to_phys(memory + PAGE_SIZE));
    put64(v, QUEUE_DEVICE, virt_to_phys(memory + 2 * PAGE_SIZE));
    put(v, QUEUE_READY, 1);
}

void virtio_ready(struct virtio *v) { put(v, STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK); }

u32 virtio_acknowledge(struct virtio *v) {
    u32 status = virtio_read(v, INTERRUPT_STATUS);
    put(v, INTERRUPT_ACK, status);
    return status;
}

void virtq_offer(struct virtq *q, u16 head) { q->avail->ring[q->published++ & (q->size - 1)] = head; }

void virtq_kick(struct virtq *q) {
    __asm__ volatile("fence w, w" ::: "memory"); /* descriptors and ring before the index */
    q->avail->index = q->published;
    __asm__ volatile("fence rw, rw" ::: "memory"); /* the index before the look at the flag */
    if (q->used->flags & USED_NO_NOTIFY) return;
    __asm__ volatile("fence w, o" ::: "memory");
    put(q->device, QUEUE_NOTIFY, q->number);
}

s32 virtq_take(struct virtq *q, u32 *length) {
    if (q->used->index == q->seen) return -1;
    __asm__ volatile("fence r, r" ::: "memory"); /* the index before the entry */
    u32 at = q->seen++ & (q->size - 1u), id = q->used->ring[at].id;
    *length = q->used->ring[at].length;
    if (id >= q->size) panic("virtio: queue %u: the device returned descriptor %u of %u", q->number, id, q->size);
    return (s32)id;
}
