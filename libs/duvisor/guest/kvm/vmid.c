/*
 * VMIDs (Linux: arch/riscv/kvm/vmid.c). Numbers are given out in order; when they run out a new generation begins, every
 * hart drops its G-stage translations, and each VM takes a new number before its next entry.
 */
#include "csr.h"
#include "kernel/sbi.h"
#include "kvm/kvm.h"

#define HGATP_VMID_SHIFT 44
#define HGATP_VMID_MASK 0x3FFFul

static u64 version = 1;
static u64 next_number;
static u32 bits;
static spinlock_t lock;

/* How many VMID bits this hart implements: those that stay when ones are written. */
void vmid_detect(void) {
    u64 old = csr_read(CSR_HGATP);
    csr_write(CSR_HGATP, old | HGATP_VMID_MASK << HGATP_VMID_SHIFT);
    u64 mask = csr_read(CSR_HGATP) >> HGATP_VMID_SHIFT & HGATP_VMID_MASK;
    csr_write(CSR_HGATP, old);
    local_hfence_gvma_all();
    for (bits = 0; mask >> bits; bits++) {}
}

u32 vmid_bits(void) { return bits; }

bool vmid_changed(const struct vmid *vmid) {
    if (!bits) return false; /* no tags: switching VMs flushes instead */
    return READ_ONCE(vmid->version) != READ_ONCE(version);
}

/* Gives the vCPU's VM a number of the current generation. */
void vmid_update(struct kvm_vcpu *v) {
    struct vmid *vmid = &v->kvm->vmid;
    if (!vmid_changed(vmid)) return;
    spin_lock(&lock);
    if (vmid_changed(vmid)) {
        if (next_number == 0) { /* wrapped, or the first of all */
            WRITE_ONCE(version, version + 1);
            next_number = 1;
            sbi_remote_hfence_gvma(~0ul >> (64 - nr_harts), 0, ~0ul);
        }
        vmid->number = next_number;
        next_number = (next_number + 1) & ((1ul << bits) - 1);
        WRITE_ONCE(vmid->version, version);
    }
    spin_unlock(&lock);
    u32 i;
    struct kvm_vcpu *other;
    for_each_vcpu(i, other, v->kvm) make_request(other, REQ_UPDATE_HGATP);
}

/* Points this hart at the VM's G-stage table. */
void update_hgatp(struct kvm_vcpu *v) {
    u64 number = READ_ONCE(v->kvm->vmid.number);
    csr_write(CSR_HGATP, HGATP_SV39X4 | (number & HGATP_VMID_MASK) << HGATP_VMID_SHIFT | virt_to_phys(v->kvm->pgd) >> PAGE_SHIFT);
    if (!bits) local_hfence_gvma_all();
}
