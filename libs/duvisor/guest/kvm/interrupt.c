/*
 * Virtual interrupts (Linux: arch/riscv/kvm/vcpu.c). Others set bits in irqs_pending and mark them in irqs_pending_mask;
 * the vCPU thread merges them into hvip at entry. VSSIP is the one bit the guest changes itself, so it is read back at exit.
 */
#include "csr.h"
#include "kernel/irq.h"
#include "kvm/kvm.h"

#define VSSI_BIT (1ul << IRQ_VSSI)
#define VSEI_BIT (1ul << IRQ_VSEI)
/* vsie shows VS bits 2, 6, 10 at 1, 5, 9. */
#define VSIE_BITS 0x222ul

void set_interrupt(struct kvm_vcpu *v, u32 irq) {
    unsigned long flags;
    LOCK_IRQSAVE(kvm_riscv_vcpu_set_interrupt, &v->irqs_lock, flags);
    set_bit(irq, &v->irqs_pending);
    smp_wmb(); /* the bit before the mask: the reader takes the mask first */
    set_bit(irq, &v->irqs_pending_mask);
    UNLOCK_IRQRESTORE(kvm_riscv_vcpu_set_interrupt, &v->irqs_lock, flags);
    vcpu_kick(v);
}

void unset_interrupt(struct kvm_vcpu *v, u32 irq) {
    unsigned long flags;
    LOCK_IRQSAVE(kvm_riscv_vcpu_unset_interrupt, &v->irqs_lock, flags);
    clear_bit(irq, &v->irqs_pending);
    smp_wmb();
    set_bit(irq, &v->irqs_pending_mask);
    UNLOCK_IRQRESTORE(kvm_riscv_vcpu_unset_interrupt, &v->irqs_lock, flags);
}

/* Before entry, interrupts off. */
void flush_interrupts(struct kvm_vcpu *v) {
    unsigned long flags;
    LOCK_IRQSAVE(kvm_riscv_vcpu_flush_interrupts, &v->irqs_lock, flags);
    if (READ_ONCE(v->irqs_pending_mask)) {
        u64 mask = __atomic_exchange_n(&v->irqs_pending_mask, 0, __ATOMIC_ACQUIRE);
        u64 value = READ_ONCE(v->irqs_pending) & mask;
        v->csrs.hvip = (v->csrs.hvip & ~mask) | value;
    }
    UNLOCK_IRQRESTORE(kvm_riscv_vcpu_flush_interrupts, &v->irqs_lock, flags);
}

/* hvip.VSEIP is missing: the interrupt controller has to raise it. */
static bool external_by_line;
static bool line_high;

void interrupts_init(void) {
    csr_write(CSR_HVIP, VSEI_BIT);
    external_by_line = !(csr_read(CSR_HVIP) & VSEI_BIT);
    csr_write(CSR_HVIP, 0);
    if (external_by_line) external_by_line = guest_line_init();
}

void update_hvip(const struct kvm_vcpu *v) {
    csr_write(CSR_HVIP, v->csrs.hvip);
    bool high = v->csrs.hvip & VSEI_BIT;
    if (unlikely(external_by_line && high != line_high)) guest_line_set(line_high = high);
}

/* At put: what the hart cannot hold is kept as it was wanted. */
u64 read_hvip(const struct kvm_vcpu *v) {
    return external_by_line ? (csr_read(CSR_HVIP) & ~VSEI_BIT) | (v->csrs.hvip & VSEI_BIT) : csr_read(CSR_HVIP);
}

/* After exit, interrupts off: notes what the guest did to VSSIP, unless someone set it meanwhile. */
void sync_interrupts(struct kvm_vcpu *v) {
    v->csrs.vsie = csr_read(CSR_VSIE);
    u64 hvip = csr_read(CSR_HVIP);
    unsigned long flags;
    LOCK_IRQSAVE(kvm_riscv_vcpu_sync_interrupts, &v->irqs_lock, flags);
    if ((v->csrs.hvip ^ hvip) & VSSI_BIT) {
        if (!test_and_set_bit(IRQ_VSSI, &v->irqs_pending_mask)) {
            if (hvip & VSSI_BIT) set_bit(IRQ_VSSI, &v->irqs_pending);
            else clear_bit(IRQ_VSSI, &v->irqs_pending);
        }
    }
    UNLOCK_IRQRESTORE(kvm_riscv_vcpu_sync_interrupts, &v->irqs_lock, flags);
    vcpu_timer_sync(v);
}

/* Something the guest has enabled is pending: WFI has nothing to wait for. */
bool has_interrupt(const struct kvm_vcpu *v) {
    u64 enabled = (v->csrs.vsie & VSIE_BITS) << 1;
    return READ_ONCE(v->irqs_pending) & enabled;
}
