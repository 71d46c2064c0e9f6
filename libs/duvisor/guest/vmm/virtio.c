#include "virtio.h"

#include "probe.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, VENDOR_ID = 0x00C, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SELECT = 0x024, QUEUE_SELECT = 0x030, QUEUE_SIZE_MAX = 0x034, QUEUE_SIZE = 0x038,
    QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070,
    QUEUE_DESCRIPTORS = 0x080, QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0A0, CONFIG_GENERATION = 0x0FC, CONFIG = 0x100,
};

#define MAGIC_VALUE 0x74726976 /* "virt" */
#define FEATURE_VERSION_1 (1ul << 32)
#define STATUS_DRIVER_OK 4
#define STATUS_FEATURES_OK 8
#define INTERRUPT_USED 1

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

static void full_fence(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

void virtio_die(const struct virtio_device *d, const char *what) { die(1, "%s: the guest's queue: %s", d->name, what); }

/* --- registers: the vCPU's thread --- */

/* Where the driver's ring lies in this process; ends the VM if it is not in RAM as a whole, or not aligned. */
static void *ring_at(struct virtio_device *d, gpa_t gpa, u64 bytes, u64 alignment) {
    void *ring = gpa & (alignment - 1) ? 0 : guest_memory(d->vm, gpa, bytes);
    if (!ring) virtio_die(d, "a ring lies outside guest RAM or is not aligned");
    return ring;
}

static void queue_start(struct virtio_device *d, struct virtqueue *q) {
    if (q->size == 0 || q->size > QUEUE_MAX || (q->size & (q->size - 1))) virtio_die(d, "its size is no power of two up to 256");
    q->descriptors = ring_at(d, q->descriptor_gpa, 16ul * q->size, 16);
    q->available = ring_at(d, q->driver_gpa, 6 + 2ul * q->size, 2);
    q->used = ring_at(d, q->device_gpa, 6 + 8ul * q->size, 4);
    q->next_available = q->used_index = 0;
    q->ready = true;
}

static void update_line(struct virtio_device *d) {
    d->vm->backend->set_line(d->vm, d->source, d->interrupt_status != 0);
}

static void acknowledge(struct virtio_device *d, u32 bits) {
    mutex_lock(&d->vm->irq_lock);
    d->interrupt_status &= ~bits;
    if (!d->interrupt_status) update_line(d);
    mutex_unlock(&d->vm->irq_lock);
}

static void reset(struct virtio_device *d) {
    memset(d->queues, 0, sizeof d->queues);
    d->driver_features = 0;
    d->features_select = d->driver_select = d->queue_select = 0;
    d->status = 0;
    acknowledge(d, ~0u);
}

/* The driver has not got what it asked for unless it took all it must and nothing that was not offered. */
static void set_status(struct virtio_device *d, u32 status) {
    if (status == 0) {
        reset(d);
        return;
    }
    bool agreed = (d->driver_features & FEATURE_VERSION_1) && !(d->driver_features & ~d->features);
    if (!agreed) status &= ~(u32)(STATUS_FEATURES_OK | STATUS_DRIVER_OK);
    d->status = status & 0xFF;
}

static u32 read_register(struct virtio_device *d, u64 offset) {
    const struct virtqueue *q = d->queue_select < QUEUES ? &d->queues[d->queue_select] : 0;
    switch (offset) {
    case MAGIC: return MAGIC_VALUE;
    case VERSION: return 2;
    case DEVICE_ID: return d->id;
    case DEVICE_FEATURES: return d->features_select < 2 ? d->features >> (32 * d->features_select) : 0;
    case QUEUE_SIZE_MAX: return q ? QUEUE_MAX : 0;
    case QUEUE_READY: return q && q->ready;
    case INTERRUPT_STATUS: return __atomic_load_n(&d->interrupt_status, __ATOMIC_RELAXED);
    case STATUS: return d->status;
    default: return 0; /* VENDOR_ID, CONFIG_GENERATION and what cannot be read */
    }
}

static void set_half(u64 *word, bool high, u32 value) {
    *word = high ? (*word & 0xFFFFFFFF) | (u64)value << 32 : (*word & ~0xFFFFFFFFul) | value;
}

/* Registers of the selected queue; a queue in use keeps its set-up. */
static void write_queue_register(struct virtio_device *d, u64 offset, u32 value) {
    if (d->queue_select >= QUEUES) return;
    struct virtqueue *q = &d->queues[d->queue_select];
    if (offset == QUEUE_READY) {
        if (value && !q->ready) queue_start(d, q);
        if (!value) q->ready = false;
        return;
    }
    if (q->ready) return;
    bool high = offset & 4;
    switch (offset & ~4ul) {
    case QUEUE_SIZE: q->size = value; break;
    case QUEUE_DESCRIPTORS: set_half(&q->descriptor_gpa, high, value); break;
    case QUEUE_DRIVER: set_half(&q->driver_gpa, high, value); break;
    case QUEUE_DEVICE: set_half(&q->device_gpa, high, value); break;
    }
}

static void write_register(struct virtio_device *d, u64 offset, u32 value) {
    static const u64 one = 1;
    switch (offset) {
    case DEVICE_FEATURES_SELECT: d->features_select = value; break;
    case DRIVER_FEATURES_SELECT: d->driver_select = value; break;
    case DRIVER_FEATURES:
        if (!(d->status & STATUS_FEATURES_OK) && d->driver_select < 2) set_half(&d->driver_features, d->driver_select, value);
        break;
    case QUEUE_SELECT: d->queue_select = value; break;
    case QUEUE_NOTIFY: sys_write(d->notify, &one, sizeof one); break;
    case INTERRUPT_ACK: acknowledge(d, value); break;
    case STATUS:
        mutex_lock(&d->lock); /* not while the device's thread looks at the queues */
        set_status(d, value);
        mutex_unlock(&d->lock);
        break;
    default:
        mutex_lock(&d->lock);
        write_queue_register(d, offset, value);
        mutex_unlock(&d->lock);
    }
}

static u64 device_read(void *state, u64 offset, int size) {
    struct virtio_device *d = state;
    STEP(virtio_register);
    if (offset < CONFIG) return size == 4 ? read_register(d, offset) : 0;
    u64 value = 0;
    for (int i = 0; i < size; i++)
        if (offset - CONFIG + i < d->config_size) value |= (u64)d->config[offset - CONFIG + i] << (8 * i);
    return value;
}

static void device_write(void *state, u64 offset, int size, u64 value) {
    STEP(virtio_register);
    if (offset < CONFIG && size == 4) write_register(state, offset, value);
}

void virtio_attach(struct virtio_device *d, gpa_t base, void (*thread)(void *), void *state) {
    d->features |= FEATURE_VERSION_1;
    d->notify = sys_eventfd(0);
    if (d->notify < 0) die(1, "%s: no eventfd, errno %d", d->name, -d->notify);
    bus_add(d->vm, (struct mmio_device){base, GUEST_VIRTIO_SIZE, device_read, device_write, d});
    if (d->vm->backend->notify_by) d->vm->backend->notify_by(d->vm, base + QUEUE_NOTIFY, d->notify);
    thread_start(thread, state);
}

/* --- rings: the device's thread, d->lock held --- */

static void add_piece(struct virtio_device *d, struct chain *c, const struct vring_descriptor *piece) {
    u8 *base = guest_memory(d->vm, piece->address, piece->length);
    if (!base) virtio_die(d, "a descriptor points outside guest RAM");
    bool in = piece->flags & DESCRIPTOR_WRITE;
    if (!in && c->in_count) virtio_die(d, "a descriptor to read comes behind one to write");
    int *count = in ? &c->in_count : &c->out_count;
    if (*count == CHAIN_PIECES) virtio_die(d, "a chain has more than 64 descriptors");
    struct iovec *v = in ? c->in : c->out;
    v[(*count)++] = (struct iovec){base, piece->length};
    *(in ? &c->in_bytes : &c->out_bytes) += piece->length;
}

bool queue_next(struct virtio_device *d, struct virtqueue *q, struct chain *c) {
    STEP(virtqueue_next);
    if (!q->ready || !(d->status & STATUS_DRIVER_OK)) return false;
    u16 index = q->available->index;
    u16 waiting = index - q->next_available;
    if (waiting == 0) return false;
    if (waiting > q->size) virtio_die(d, "more chains are available than it has entries");
    __atomic_thread_fence(__ATOMIC_ACQUIRE); /* the index before the entry */
    u16 at = q->available->ring[q->next_available % q->size];
    c->head = at;
    c->out_count = c->in_count = 0; /* the pieces themselves, 2 KiB, need no clearing */
    c->out_bytes = c->in_bytes = 0;
    for (u32 n = 0;; n++) {
        if (at >= q->size) virtio_die(d, "a descriptor number is beyond its size");
        if (n == q->size) virtio_die(d, "a chain of descriptors runs in a circle");
        /* Read once: the guest may change it at any time. */
        volatile struct vring_descriptor *shared = &q->descriptors[at];
        const struct vring_descriptor piece = {shared->address, shared->length, shared->flags, shared->next};
        if (piece.flags & ~(DESCRIPTOR_NEXT | DESCRIPTOR_WRITE)) virtio_die(d, "a descriptor has a flag that was not offered");
        add_piece(d, c, &piece);
        if (!(piece.flags & DESCRIPTOR_NEXT)) break;
        at = piece.next;
    }
    q->next_available++;
    return true;
}

void queue_put_back(struct virtqueue *q) { q->next_available--; }

void queue_done(struct virtqueue *q, const struct chain *c, u32 written) {
    STEP(virtqueue_done);
    u16 at = q->used_index % q->size;
    q->used->ring[at].id = c->head;
    q->used->ring[at].length = written;
    __atomic_thread_fence(__ATOMIC_RELEASE); /* the entry before the index that shows it */
    q->used->index = ++q->used_index;
}

bool queue_notifications(struct virtqueue *q, bool wanted) {
    if (!q->ready) return false;
    q->used->flags = wanted ? 0 : USED_NO_NOTIFY;
    if (!wanted) return false;
    full_fence(); /* the wish before the look: the driver does it the other way round */
    return q->available->index != q->next_available;
}

void queue_interrupt(struct virtio_device *d, const struct virtqueue *q) {
    STEP(virtqueue_interrupt);
    full_fence(); /* the used index before the look at the driver's wish */
    if (!q->ready || (q->available->flags & AVAILABLE_NO_INTERRUPT)) return;
    mutex_lock(&d->vm->irq_lock);
    d->interrupt_status |= INTERRUPT_USED;
    update_line(d);
    mutex_unlock(&d->vm->irq_lock);
}

bool pieces_take(struct iovec **v, int *count, void *to, u64 n) {
    u8 *at = to;
    while (n && *count) {
        u64 part = MIN(n, (*v)->length);
        if (at) {
            memcpy(at, (*v)->base, part);
            at += part;
        }
        (*v)->base += part;
        (*v)->length -= part;
        n -= part;
        if ((*v)->length) break;
        (*v)++;
        (*count)--;
    }
    return n == 0;
}
