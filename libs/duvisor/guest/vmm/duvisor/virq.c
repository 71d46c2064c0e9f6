/* Virtual interrupts of a vCPU: wanted bits are kept in memory and moved to huvip before the next entry, only if changed. */
#include "csr.h"
#include "vcpu.h"

/* Bits that huvip takes: VSSIP and VSTIP (dv-ext.md §2.1). */
#define HUVIP_BITS (1u << IRQ_VSSI | 1u << IRQ_VSTI)

void virq_set(struct vcpu *v, int bit) { v->virq |= 1ul << bit; }
void virq_clear(struct vcpu *v, int bit) { v->virq &= ~(1ul << bit); }

void virq_flush(struct vcpu *v) {
    if (v->virq == v->virq_loaded) return;
    csr_clear(CSR_HUVIP, HUVIP_BITS & ~v->virq);
    csr_set(CSR_HUVIP, v->virq);
    v->virq_loaded = v->virq;
}
