/* In-kernel devices on the MMIO bus, of which there is one kind: a store that signals an eventfd (virt/kvm/eventfd.c). */
#include "errno.h"
#include "kernel/slab.h"
#include "kernel/string.h"
#include "kvm/kvm.h"

struct ioeventfd {
    struct bus_device device;
    struct eventfd *eventfd;
    gpa_t address;
    u32 length; /* 0: any */
    bool match;
    u64 value;
};

/* Ranges are equal to `key` when they hold it; a length of 0 holds an access of any length at its address. */
static int compare(const struct bus_range *key, const struct bus_range *range) {
    if (key->address < range->address) return -1;
    u64 end = range->length ? range->address + range->length : key->address + key->length;
    return key->address + key->length > end ? 1 : 0;
}

/* Index of the first range that holds the access, or -ENOENT. */
static int first_device(const struct io_bus *bus, gpa_t address, u32 length) {
    const struct bus_range key = {.address = address, .length = length};
    u32 low = 0, high = bus->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = compare(&key, &bus->ranges[middle]);
        if (order < 0) {
            high = middle;
        } else if (order > 0) {
            low = middle + 1;
        } else {
            while (middle > 0 && compare(&key, &bus->ranges[middle - 1]) == 0) middle--;
            return middle;
        }
    }
    return -ENOENT;
}

int bus_write(struct kvm *kvm, gpa_t address, u32 length, const void *value) {
    const struct io_bus *bus = READ_ONCE(kvm->bus);
    const struct bus_range key = {.address = address, .length = length};
    int i = first_device(bus, address, length);
    if (i < 0) return -EOPNOTSUPP;
    for (; (u32)i < bus->count && compare(&key, &bus->ranges[i]) == 0; i++) {
        struct bus_device *device = bus->ranges[i].device;
        if (!device->write(device, address, length, value)) return 0;
    }
    return -EOPNOTSUPP;
}

int bus_read(struct kvm *kvm, gpa_t address, u32 length, void *value) {
    const struct io_bus *bus = READ_ONCE(kvm->bus);
    const struct bus_range key = {.address = address, .length = length};
    int i = first_device(bus, address, length);
    if (i < 0) return -EOPNOTSUPP;
    for (; (u32)i < bus->count && compare(&key, &bus->ranges[i]) == 0; i++) {
        struct bus_device *device = bus->ranges[i].device;
        if (!device->read(device, address, length, value)) return 0;
    }
    return -EOPNOTSUPP;
}

static int ioeventfd_write(struct bus_device *device, gpa_t address, u32 length, const void *value) {
    STEP(ioeventfd_write);
    struct ioeventfd *e = container_of(device, struct ioeventfd, device);
    if (address != e->address) return -EOPNOTSUPP;
    if (e->length && e->length != length) return -EOPNOTSUPP;
    if (e->match) {
        u64 stored = 0;
        memcpy(&stored, value, length);
        if (stored != e->value) return -EOPNOTSUPP;
    }
    STEP_CALL(eventfd_signal, ioeventfd_write, eventfd_signal(e->eventfd, 1));
    return 0;
}

static int no_read(struct bus_device *device, gpa_t address, u32 length, void *value) {
    (void)device, (void)address, (void)length, (void)value;
    return -EOPNOTSUPP;
}

/* Publishes `next` and frees the old bus when no reader can hold it. slots_lock held. */
static void replace_bus(struct kvm *kvm, struct io_bus *next) {
    struct io_bus *old = kvm->bus;
    smp_store_release(&kvm->bus, next);
    synchronize_srcu(&kvm->srcu);
    kfree(old);
}

static int add_device(struct kvm *kvm, gpa_t address, u32 length, struct bus_device *device) {
    if (kvm->bus->count == KVM_MAX_BUS_RANGES) return -ENOSPC;
    struct io_bus *next = kzalloc(sizeof *next);
    if (!next) return -ENOMEM;
    const struct bus_range range = {address, length, device};
    u32 at = 0;
    while (at < kvm->bus->count && kvm->bus->ranges[at].address <= address) at++;
    memcpy(next->ranges, kvm->bus->ranges, at * sizeof range);
    next->ranges[at] = range;
    memcpy(next->ranges + at + 1, kvm->bus->ranges + at, (kvm->bus->count - at) * sizeof range);
    next->count = kvm->bus->count + 1;
    replace_bus(kvm, next);
    return 0;
}

static struct ioeventfd *as_ioeventfd(struct bus_device *device) { return container_of(device, struct ioeventfd, device); }

static bool same(const struct ioeventfd *e, const struct kvm_ioeventfd *args, const struct eventfd *eventfd) {
    return e->eventfd == eventfd && e->address == args->addr && e->length == args->len &&
           e->match == !!(args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH) && (!e->match || e->value == args->datamatch);
}

static int remove_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args, const struct eventfd *eventfd) {
    for (u32 i = 0; i < kvm->bus->count; i++) {
        struct ioeventfd *e = as_ioeventfd(kvm->bus->ranges[i].device);
        if (!same(e, args, eventfd)) continue;
        struct io_bus *next = kzalloc(sizeof *next);
        if (!next) return -ENOMEM;
        memcpy(next->ranges, kvm->bus->ranges, i * sizeof next->ranges[0]);
        memcpy(next->ranges + i, kvm->bus->ranges + i + 1, (kvm->bus->count - i - 1) * sizeof next->ranges[0]);
        next->count = kvm->bus->count - 1;
        replace_bus(kvm, next);
        eventfd_ctx_put(e->eventfd);
        kfree(e);
        return 0;
    }
    return -ENOENT;
}

static int add_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args, struct eventfd *eventfd) {
    struct ioeventfd *e = kzalloc(sizeof *e);
    if (!e) return -ENOMEM;
    *e = (struct ioeventfd){
        .device = {.write = ioeventfd_write, .read = no_read},
        .eventfd = eventfd,
        .address = args->addr,
        .length = args->len,
        .match = args->flags & KVM_IOEVENTFD_FLAG_DATAMATCH,
        .value = args->datamatch,
    };
    int result = 0;
    for (u32 i = 0; i < kvm->bus->count; i++)
        if (same(as_ioeventfd(kvm->bus->ranges[i].device), args, eventfd)) result = -EEXIST;
    if (!result) result = add_device(kvm, args->addr, args->len, &e->device);
    if (result) kfree(e);
    return result;
}

/* KVM_IOEVENTFD */
int set_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args) {
    if (args->flags & ~(KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN)) return -EINVAL;
    if (args->len > 8 || (args->len & (args->len - 1)) || args->addr + args->len < args->addr) return -EINVAL;
    struct eventfd *eventfd = eventfd_ctx_fdget(args->fd);
    if (!eventfd) return -EBADF;
    bool remove = args->flags & KVM_IOEVENTFD_FLAG_DEASSIGN;
    mutex_lock(&kvm->slots_lock);
    int result = remove ? remove_ioeventfd(kvm, args, eventfd) : add_ioeventfd(kvm, args, eventfd);
    mutex_unlock(&kvm->slots_lock);
    if (remove || result) eventfd_ctx_put(eventfd);
    return result;
}

/* The VM is going: no reader is left. */
void bus_destroy(struct kvm *kvm) {
    for (u32 i = 0; i < kvm->bus->count; i++) {
        struct ioeventfd *e = as_ioeventfd(kvm->bus->ranges[i].device);
        eventfd_ctx_put(e->eventfd);
        kfree(e);
    }
    kfree(kvm->bus);
}
