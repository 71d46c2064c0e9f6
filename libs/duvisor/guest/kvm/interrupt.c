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

u64 kept_hvip_bits;

/* Bits that hvip lacks (profile rocket: VSEIP) live in the shadow alone; the interrupt controller has to raise VSEIP then. */
void interrupts_init(void) {
    csr_write(CSR_HVIP, VSEI_BIT);
    bool settable = csr_read(CSR_HVIP) & VSEI_BIT;
    csr_write(CSR_HVIP, 0);
    if (!settable && guest_line_init()) kept_hvip_bits = VSEI_BIT;
}

/* Out of line: most entries have nothing to merge. */
static __attribute__((noinline)) void merge_pending(struct kvm_vcpu *v) {
    u64 mask = __atomic_exchange_n(&v->irqs_pending_mask, 0, __ATOMIC_ACQUIRE);
    u64 value = READ_ONCE(v->irqs_pending) & mask;
    if ((v->csrs.hvip ^ value) & mask & kept_hvip_bits) guest_line_set(value & VSEI_BIT);
    v->csrs.hvip = (v->csrs.hvip & ~mask) | value;
}

/* Before entry, interrupts off. */
void flush_interrupts(struct kvm_vcpu *v) {
    unsigned long flags;
    LOCK_IRQSAVE(kvm_riscv_vcpu_flush_interrupts, &v->irqs_lock, flags);
    if (READ_ONCE(v->irqs_pending_mask)) merge_pending(v);
    UNLOCK_IRQRESTORE(kvm_riscv_vcpu_flush_interrupts, &v->irqs_lock, flags);
}

void update_hvip(const struct kvm_vcpu *v) { csr_write(CSR_HVIP, v->csrs.hvip); }

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
