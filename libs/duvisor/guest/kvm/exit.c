/* What a trap out of the guest means (Linux: arch/riscv/kvm/vcpu_exit.c). Handlers: 1 = enter again, 0 = to the VMM. */
#include "csr.h"
#include "errno.h"
#include "kernel/printk.h"
#include "kvm/kvm.h"

/* RAM gets its page; an address without a slot, or a store to a read-only one, is a device. */
static int guest_page_fault(struct kvm_vcpu *v, const struct kvm_trap *trap) {
    PHASE(other);
    STEP(gstage_page_fault);
    gpa_t gpa = trap->htval << 2 | (trap->stval & 3);
    gfn_t gfn = gpa >> PAGE_SHIFT;
    bool store = trap->scause == CAUSE_STORE_GUEST_PAGE;
    struct memslot *slot;
    STEP_CALL(gfn_to_memslot, gstage_page_fault, slot = gfn_to_memslot(v->kvm, gfn));
    bool writable;
    hva_t hva;
    STEP_CALL(gfn_to_hva_memslot_prot, gstage_page_fault, hva = gfn_to_hva_prot(slot, gfn, &writable));
    if (hva == BAD_HVA || (store && !writable)) {
        if (trap->scause == CAUSE_LOAD_GUEST_PAGE) return mmio_load(v, gpa, trap->htinst);
        if (store) return mmio_store(v, gpa, trap->htinst);
        return -EOPNOTSUPP;
    }
    int result = gstage_map_fault(v, slot, gpa, hva, store);
    return result < 0 ? result : 1;
}

int vcpu_exit(struct kvm_vcpu *v, struct kvm_trap *trap) {
    if (trap->scause & CAUSE_INTERRUPT) return 1; /* taken already, in the window */

    int result = -EFAULT;
    v->run->exit_reason = KVM_EXIT_UNKNOWN;
    bool from_guest = v->guest.hstatus & HSTATUS_SPV;
    switch (trap->scause) {
    case CAUSE_VIRTUAL:
        if (from_guest) result = virtual_insn(v, trap);
        break;
    case CAUSE_FETCH_GUEST_PAGE:
    case CAUSE_LOAD_GUEST_PAGE:
    case CAUSE_STORE_GUEST_PAGE:
        if (from_guest) result = guest_page_fault(v, trap);
        break;
    case CAUSE_ECALL_VS:
        if (from_guest) result = sbi_ecall(v);
        break;
    }
    if (unlikely(result < 0))
        printk("kvm: vcpu %u: exit not handled (%d): sepc 0x%lx scause 0x%lx stval 0x%lx htval 0x%lx htinst 0x%lx\n", v->id, result,
               trap->sepc, trap->scause, trap->stval, trap->htval, trap->htinst);
    return result;
}

/* The instruction at gva as the guest fetches it; trap->scause != 0 when it cannot. */
u64 read_guest_insn(struct kvm_vcpu *v, u64 gva, struct kvm_trap *trap) {
    trap->scause = 0;
    unsigned long flags = local_irq_save();
    u64 hstatus = csr_swap(CSR_HSTATUS, v->guest.hstatus);
    u64 stvec = csr_swap(CSR_STVEC, (u64)unpriv_trap);
    u64 insn = unpriv_fetch(trap, gva);
    csr_write(CSR_STVEC, stvec);
    csr_write(CSR_HSTATUS, hstatus);
    local_irq_restore(flags);
    return insn;
}

/* Gives a trap to the guest's own S-mode handler, as the hardware would have. */
void redirect_trap(struct kvm_vcpu *v, const struct kvm_trap *trap) {
    u64 status = csr_read(CSR_VSSTATUS);
    status &= ~(SSTATUS_SPP | SSTATUS_SPIE);
    if (v->guest.sstatus & SSTATUS_SPP) status |= SSTATUS_SPP;
    if (status & SSTATUS_SIE) status |= SSTATUS_SPIE;
    status &= ~SSTATUS_SIE;
    csr_write(CSR_VSSTATUS, status);
    csr_write(CSR_VSCAUSE, trap->scause);
    csr_write(CSR_VSTVAL, trap->stval);
    csr_write(CSR_VSEPC, trap->sepc);
    v->guest.sepc = csr_read(CSR_VSTVEC);
    v->guest.sstatus |= SSTATUS_SPP;
}
