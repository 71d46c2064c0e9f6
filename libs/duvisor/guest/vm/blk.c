/* The virtio block device (Virtio 1.2, 5.2): reads of whole cache blocks. */
#include "vm.h"

#include "virtio.h"

#define SECTOR 512
#define REQUEST_IN 0
#define STATUS_OK 0

/* One request: descriptors FIRST(slot) .. +1 for header and status, one for each page. */
#define SLOTS 4
#define PER_SLOT (BLK_PAGES_MAX + 2)

static struct virtio device;
static struct virtq queue;
static u64 sectors;
static struct slot {
    struct {
        u32 type, reserved;
        u64 sector;
    } header;
    u8 status;
    bool busy;
    bool done;
} slots[SLOTS];

static void interrupt(void *argument) {
    (void)argument;
    virtio_acknowledge(&device);
    u32 length;
    for (s32 head; (head = virtq_take(&queue, &length)) >= 0;) {
        struct slot *s = &slots[(u32)head / PER_SLOT % SLOTS];
        if (!s->busy || (u32)head % PER_SLOT) panic("blk: the device finished a request that was not made");
        s->done = true;
        wakeup(s);
    }
}

void blk_init(void) {
    if (!virtio_find(&device, VIRTIO_BLOCK, 0)) return;
    virtio_queue(&device, &queue, 0);
    if (queue.size < SLOTS * PER_SLOT) panic("blk: a queue of %u, expected at least %d", queue.size, SLOTS * PER_SLOT);
    sectors = virtio_read(&device, VIRTIO_CONFIG) | (u64)virtio_read(&device, VIRTIO_CONFIG + 4) << 32;
    plic_register(device.irq, interrupt, NULL);
    virtio_ready(&device);
}

u64 blk_size(void) { return sectors * SECTOR; }

static void describe(u16 at, const void *p, u32 length, u16 flags) {
    queue.desc[at] = (struct virtq_desc){ virt_to_phys(p), length, flags, (u16)(at + 1) };
}

int blk_read(u64 block, void *const pages[], u32 count) {
    struct slot *s = NULL;
    while (!s) {
        for (u32 i = 0; i < SLOTS && !s; i++)
            if (!slots[i].busy) s = &slots[i];
        if (!s) sleep_on(slots, TICKS_NEVER);
    }
    u16 first = (u16)((s - slots) * PER_SLOT), at = first;
    s->busy = true;
    s->done = false;
    s->status = 0xff;
    s->header.type = REQUEST_IN;
    s->header.sector = block * (PAGE_SIZE / SECTOR);
    describe(at++, &s->header, sizeof(s->header), DESC_NEXT);
    /* The device may end inside the last page. */
    u64 left = blk_size() - block * PAGE_SIZE;
    for (u32 i = 0; i < count; i++, left -= PAGE_SIZE)
        describe(at++, pages[i], (u32)MIN(left, PAGE_SIZE), DESC_NEXT | DESC_WRITE);
    describe(at, &s->status, 1, DESC_WRITE);
    virtq_offer(&queue, first);
    virtq_kick(&queue);
    while (!s->done) sleep_on(s, TICKS_NEVER);
    int error = *(volatile u8 *)&s->status == STATUS_OK ? 0 : -EIO;
    s->busy = false;
    wakeup(slots);
    return error;
}
