/*
 * TLB maintenance (Linux: arch/riscv/kvm/tlb.c). Invalidations are queued on every vCPU of the VM and done by each before
 * its next entry; only a vCPU that is inside the guest on another hart gets an IPI.
 */
#include "csr.h"
#include "kernel/string.h"
#include "kvm/kvm.h"

/* HFENCE.GVMA x0, x0 */
void local_hfence_gvma_all(void) { asm volatile(".insn r 0x73, 0, 0x31, x0, x0, x0" ::: "memory"); }

/* HFENCE.GVMA x0, vmid */
static void local_hfence_gvma_vmid(u64 vmid) { asm volatile(".insn r 0x73, 0, 0x31, x0, x0, %0" ::"r"(vmid) : "memory"); }

/* HFENCE.GVMA gpa >> 2, vmid for each stride of the range; beyond 64 of them everything of the VM. */
static void local_hfence_gvma_pages(u64 vmid, gpa_t address, u64 size, u64 order) {
    u64 stride = 1ul << order;
    if (size >> order > 64) {
        local_hfence_gvma_vmid(vmid);
        return;
    }
    for (gpa_t at = address; at < address + size; at += stride)
        asm volatile(".insn r 0x73, 0, 0x31, x0, %0, %1" ::"r"(at >> 2), "r"(vmid) : "memory");
}

/* A vCPU that came from another hart may meet its own old translations there. */
void local_tlb_sanitize(struct kvm_vcpu *v) {
    if (!vmid_bits() || v->last_exit_hart == v->hart) return;
    local_hfence_gvma_vmid(READ_ONCE(v->kvm->vmid.number));
}

static bool enqueue(struct kvm_vcpu *v, const struct hfence *hfence) {
    bool room;
    LOCK(make_xfence_request, &v->hfence_lock);
    struct hfence *place = &v->hfence_queue[v->hfence_tail];
    room = place->type == HFENCE_NONE;
    if (room) {
        STEP_CALL(memcpy, make_xfence_request, memcpy(place, hfence, sizeof *place));
        if (++v->hfence_tail == KVM_HFENCE_QUEUE) v->hfence_tail = 0;
    }
    UNLOCK(make_xfence_request, &v->hfence_lock);
    return room;
}

static bool dequeue(struct kvm_vcpu *v, struct hfence *hfence) {
    bool any;
    LOCK(kvm_riscv_hfence_process, &v->hfence_lock);
    struct hfence *place = &v->hfence_queue[v->hfence_head];
    any = place->type != HFENCE_NONE;
    if (any) {
        STEP_CALL(memcpy, kvm_riscv_hfence_process, memcpy(hfence, place, sizeof *hfence));
        place->type = HFENCE_NONE;
        if (++v->hfence_head == KVM_HFENCE_QUEUE) v->hfence_head = 0;
    }
    UNLOCK(kvm_riscv_hfence_process, &v->hfence_lock);
    return any;
}

/* At entry, when requested: empties the ring of this vCPU. */
void hfence_process(struct kvm_vcpu *v) {
    struct hfence hfence;
    while (dequeue(v, &hfence)) {
        switch (hfence.type) {
        case HFENCE_GVMA_PAGES:
            local_hfence_gvma_pages(READ_ONCE(v->kvm->vmid.number), hfence.address, hfence.size, hfence.order);
            break;
        case HFENCE_NONE: break;
        }
    }
}

/* Asks every vCPU of the VM to forget its translations of [gpa, gpa + size). */
void hfence_gpa(struct kvm *kvm, gpa_t gpa, u64 size, u64 order) {
    const struct hfence hfence = {.type = HFENCE_GVMA_PAGES, .order = order, .address = gpa, .size = size};
    u64 mask[KVM_MAX_VCPUS / 64];
    STEP_CALL(memset, make_xfence_request, memset(mask, 0, sizeof mask));
    int request = REQ_HFENCE;
    for (u32 i = 0;; i++) {
        struct kvm_vcpu *v;
        STEP_CALL(xa_find, make_xfence_request, v = vcpus_find(kvm->vcpus, &i));
        if (!v) break;
        mask[i / 64] |= 1ul << (i % 64);
        if (!enqueue(v, &hfence)) request = REQ_HFENCE_GVMA_ALL; /* the ring is full: everything */
    }
    STEP_CALL(kvm_make_vcpus_request_mask, make_xfence_request, make_vcpus_request_mask(kvm, request, mask));
}
