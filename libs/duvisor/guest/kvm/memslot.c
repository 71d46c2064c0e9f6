/*
 * Memory slots: which user memory backs which guest pages (Linux: virt/kvm/kvm_main.c). Readers hold the SRCU lock; a change
 * builds a new table, publishes it, and frees the old one when no reader can hold it.
 */
#include "errno.h"
#include "kernel/slab.h"
#include "kernel/string.h"
#include "kvm/kvm.h"

static bool holds(const struct memslot *slot, gfn_t gfn) { return gfn - slot->base < slot->pages; }

/* The slot that holds gfn, or null. The latest hit is tried first: guests stay in one slot for long. */
struct memslot *gfn_to_memslot(struct kvm *kvm, gfn_t gfn) {
    struct memslots *slots = READ_ONCE(kvm->slots);
    u32 last = READ_ONCE(slots->last_used);
    if (last < slots->used && holds(&slots->slots[last], gfn)) return &slots->slots[last];
    u32 low = 0, high = slots->used;
    while (low < high) {
        u32 middle = (low + high) / 2;
        struct memslot *slot = &slots->slots[middle];
        if (gfn < slot->base) {
            high = middle;
        } else if (!holds(slot, gfn)) {
            low = middle + 1;
        } else {
            WRITE_ONCE(slots->last_used, middle);
            return slot;
        }
    }
    return NULL;
}

hva_t gfn_to_hva_prot(const struct memslot *slot, gfn_t gfn, bool *writable) {
    *writable = true; /* read-only slots are not offered */
    if (!slot) return BAD_HVA;
    return slot->hva + ((gfn - slot->base) << PAGE_SHIFT);
}

void mark_page_dirty_in_slot(struct kvm *kvm, struct memslot *slot, gfn_t gfn) {
    (void)kvm;
    if (slot && slot->dirty) set_bit(gfn - slot->base, slot->dirty);
}

/* KVM_SET_USER_MEMORY_REGION: adds a slot, or removes it when the size is 0. */
int set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region *region) {
    if ((region->guest_phys_addr | region->memory_size | region->userspace_addr) & (PAGE_SIZE - 1)) return -EINVAL;
    if (region->flags || region->guest_phys_addr + region->memory_size < region->guest_phys_addr) return -EINVAL;
    if (region->userspace_addr + region->memory_size > USER_TOP) return -EINVAL;

    struct memslots *next = kzalloc(sizeof *next);
    if (!next) return -ENOMEM;
    mutex_lock(&kvm->slots_lock);
    struct memslots *old = kvm->slots;
    struct memslot removed = {.pages = 0};
    struct memslot added = {
        .base = region->guest_phys_addr >> PAGE_SHIFT,
        .pages = region->memory_size >> PAGE_SHIFT,
        .hva = region->userspace_addr,
        .id = region->slot,
    };
    int result = 0;
    for (u32 i = 0; i < old->used; i++) {
        const struct memslot *slot = &old->slots[i];
        if (slot->id == region->slot) {
            if (added.pages) result = -EINVAL; /* moving or resizing a slot: remove it first */
            removed = *slot;
            continue;
        }
        if (added.pages && added.base < slot->base + slot->pages && slot->base < added.base + added.pages) result = -EEXIST;
        next->slots[next->used++] = *slot;
    }
    if (!added.pages && !removed.pages) result = -EINVAL;
    if (added.pages && next->used == KVM_MAX_SLOTS) result = -ENOSPC;
    if (result) {
        mutex_unlock(&kvm->slots_lock);
        kfree(next);
        return result;
    }
    if (added.pages) {
        u32 at = next->used++;
        for (; at > 0 && next->slots[at - 1].base > added.base; at--) next->slots[at] = next->slots[at - 1];
        next->slots[at] = added;
    }
    smp_store_release(&kvm->slots, next);
    synchronize_srcu(&kvm->srcu);
    if (removed.pages) {
        spin_lock(&kvm->mmu_lock);
        gstage_unmap_range(kvm, removed.base << PAGE_SHIFT, (removed.base + removed.pages) << PAGE_SHIFT);
        spin_unlock(&kvm->mmu_lock);
    }
    mutex_unlock(&kvm->slots_lock);
    kfree(old);
    return 0;
}
