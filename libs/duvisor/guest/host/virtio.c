#include "virtio.h"

#include "fdt.h"
#include "kernel.h"
#include "probe.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SELECT = 0x024, QUEUE_SELECT = 0x030, QUEUE_SIZE_MAX = 0x034, QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080, QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0A0, CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define STATUS_ACKNOWLEDGE 1
#define STATUS_DRIVER 2
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define FEATURE_VERSION_1 BIT(32)

#define DEVICE_NET 1
#define DEVICE_BLOCK 2

#define DESCRIPTOR_NEXT 1
#define DESCRIPTOR_WRITE 2
#define AVAILABLE_NO_INTERRUPT 1
#define USED_NO_NOTIFY 1

struct vring_descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
};
struct vring_available {
    u16 flags, index, ring[];
};
struct vring_used {
    u16 flags, index;
    struct {
        u32 id, length;
    } ring[];
};

static volatile u32 *reg(const struct virtio_device *d, u32 offset) { return phys_to_virt(d->base + offset); }

/* Device registers and rings are ordered against each other: the device reads and writes RAM on its own. */
static void io_fence(void) { __asm__ volatile("fence iorw, iorw" ::: "memory"); }

u64 virtio_begin(struct virtio_device *d, u64 features) {
    *reg(d, STATUS) = 0;
    while (*reg(d, STATUS) != 0) {}
    *reg(d, STATUS) = STATUS_ACKNOWLEDGE;
    *reg(d, STATUS) |= STATUS_DRIVER;
    u64 offered = 0, wanted = features | FEATURE_VERSION_1;
    for (u32 half = 0; half < 2; half++) {
        *reg(d, DEVICE_FEATURES_SELECT) = half;
        offered |= (u64)*reg(d, DEVICE_FEATURES) << 32 * half;
    }
    for (u32 half = 0; half < 2; half++) {
        *reg(d, DRIVER_FEATURES_SELECT) = half;
        *reg(d, DRIVER_FEATURES) = (u32)((offered & wanted) >> 32 * half);
    }
    *reg(d, STATUS) |= STATUS_FEATURES_OK;
    bool agreed = (offered & FEATURE_VERSION_1) && (*reg(d, STATUS) & STATUS_FEATURES_OK);
    return agreed ? offered & wanted : ~0UL;
}

static void write_address(struct virtio_device *d, u32 offset, const void *ring) {
    paddr_t address = virt_to_phys(ring);
    *reg(d, offset) = (u32)address;
    *reg(d, offset + 4) = (u32)(address >> 32);
}

bool virtio_queue(struct virtio_device *d, u32 index, struct virtqueue *q) {
    *reg(d, QUEUE_SELECT) = index;
    u32 most = *reg(d, QUEUE_SIZE_MAX);
    if (most == 0 || *reg(d, QUEUE_READY)) return false;
    struct page *rings = alloc_pages(1, GFP_ZERO); /* 16 + 2 + 8 bytes an entry, all in 8 KiB for 256 */
    if (!rings) return false;
    *q = (struct virtqueue){ .device = d, .index = index, .size = (u16)MIN(most, VIRTQUEUE_MAX) };
    u8 *at = page_address(rings);
    q->descriptors = (struct vring_descriptor *)at;
    q->used = (struct vring_used *)(at + 16 * VIRTQUEUE_MAX);
    q->available = (struct vring_available *)(at + 16 * VIRTQUEUE_MAX + 8 * VIRTQUEUE_MAX + 16);
    q->free_count = q->size;
    for (u16 i = 0; i < q->size; i++) q->descriptors[i].next = i + 1;
    *reg(d, QUEUE_SIZE) = q->size;
    write_address(d, QUEUE_DESCRIPTORS, q->descriptors);
    write_address(d, QUEUE_DRIVER, q->available);
    write_address(d, QUEUE_DEVICE, q->used);
    io_fence();
    *reg(d, QUEUE_READY) = 1;
    return true;
}

void virtio_ready(struct virtio_device *d) { *reg(d, STATUS) |= STATUS_DRIVER_OK; }

u8 virtio_config(const struct virtio_device *d, u32 offset) { return *(volatile u8 *)phys_to_virt(d->base + CONFIG + offset); }

u64 virtio_config64(const struct virtio_device *d, u32 offset) {
    return *reg(d, CONFIG + offset) | (u64)*reg(d, CONFIG + offset + 4) << 32;
}

u32 virtio_acknowledge(const struct virtio_device *d) {
    u32 why = *reg(d, INTERRUPT_STATUS);
    *reg(d, INTERRUPT_ACK) = why;
    io_fence();
    return why;
}

bool virtqueue_add(struct virtqueue *q, const struct virtio_buffer *buffers, u32 count, void *token) {
    if (q->free_count < count) return false;
    u16 first = q->free, last = first;
    for (u32 i = 0; i < count; i++) {
        struct vring_descriptor *d = &q->descriptors[last = q->free];
        d->address = buffers[i].address;
        d->length = buffers[i].length;
        d->flags = (buffers[i].device_writes ? DESCRIPTOR_WRITE : 0) | (i + 1 < count ? DESCRIPTOR_NEXT : 0);
        q->free = d->next;
    }
    q->free_count -= (u16)count;
    q->tokens[first] = token;
    q->available->ring[q->available->index % q->size] = first;
    smp_wmb(); /* the entry before the index that shows it */
    WRITE_ONCE(q->available->index, q->available->index + 1);
    return true;
}

void virtqueue_kick(const struct virtqueue *q) {
    io_fence(); /* the index before the look at the device's wish */
    if (!(READ_ONCE(q->used->flags) & USED_NO_NOTIFY)) *reg(q->device, QUEUE_NOTIFY) = q->index;
}

/* Puts a chain's descriptors back in front of the free ones. */
static void free_chain(struct virtqueue *q, u16 first) {
    u16 last = first, count = 1;
    for (; q->descriptors[last].flags & DESCRIPTOR_NEXT; last = q->descriptors[last].next) count++;
    q->descriptors[last].next = q->free;
    q->free = first;
    q->free_count += count;
}

void *virtqueue_take(struct virtqueue *q, u32 *written) {
    if (READ_ONCE(q->used->index) == q->next_used) return NULL;
    smp_rmb(); /* the index before the entry */
    u32 id = q->used->ring[q->next_used % q->size].id;
    if (written) *written = q->used->ring[q->next_used % q->size].length;
    q->next_used++;
    BUG_ON(id >= q->size || !q->tokens[id]);
    void *token = q->tokens[id];
    q->tokens[id] = NULL;
    free_chain(q, (u16)id);
    return token;
}

void virtqueue_interrupts(struct virtqueue *q, bool wanted) { q->available->flags = wanted ? 0 : AVAILABLE_NO_INTERRUPT; }

/* A slot of the device tree. An empty one has device id 0; version 1 ("legacy") is not spoken. */
static void probe(const struct fdt *t, int node) {
    u32 size = 0;
    const void *where = fdt_property(t, node, "reg", &size);
    if (!where || size < 16) return;
    struct virtio_device found = { fdt_cell64(where, 0), (u32)fdt_number(t, node, "interrupts", 0) };
    if (*reg(&found, MAGIC) != MAGIC_VALUE || *reg(&found, VERSION) != 2) return;
    u32 id = *reg(&found, DEVICE_ID);
    if (id != DEVICE_NET && id != DEVICE_BLOCK) return;
    struct virtio_device *d = kzalloc(sizeof(*d));
    if (!d) return;
    *d = found;
    bool taken = id == DEVICE_NET ? virtio_net_probe(d) : virtio_blk_probe(d);
    if (!taken) {
        *reg(d, STATUS) = 0;
        kfree(d);
    }
}

void virtio_init(void) { boot_each_compatible("virtio,mmio", probe); }
