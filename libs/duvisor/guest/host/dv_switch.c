/* Switching between VM processes and others (dv-ext.md 12). The registers of a vCPU thread itself are dv_entry.S's. */
#include "dv.h"

#include "kernel.h"
#include "kernel/sbi.h"
#include "sbi-abi.h"

#define HUIP_SOFTWARE (BIT(IRQ_USI) | BIT(IRQ_UTI))
#define HVIP_SOFTWARE (BIT(IRQ_VSSI) | BIT(IRQ_VSTI))

static void hfence_gvma_all(void) { __asm__ volatile(".word 0x62000073 # hfence.gvma" ::: "memory"); }

/* No vCPU here: timer off, identity 0, nothing enabled, HU off. */
static void clear_thread_state(void) {
    csr_write(CSR_VTIMECTL, 0);
    csr_write(CSR_VCPUID, 0);
    csr_write(CSR_HUIE, 0);
    csr_clear(CSR_HSTATUS, HSTATUS_HU | HSTATUS_SPV);
}

/* Delegation of this hart as the process wants it; null = a process that is no VM. Interrupts off. */
void dv_load_process(const struct dv_process *p) {
    struct hart *h = current->hart;
    if (p && p->delegated) {
        csr_write(CSR_SEDELEG, p->sedeleg);
        csr_write(CSR_SIDELEG, p->sideleg);
        csr_write(CSR_HEDELEG, p->hedeleg);
        csr_write(CSR_HIDELEG, p->hideleg);
        csr_write(CSR_SCOUNTEREN, ~0UL);
        sbi_call(SBI_EXT_VPMP, SBI_VPMP_SWITCH, p->vpmp_set, 0, 0, 0, 0);
        hfence_gvma_all();
    } else {
        csr_write(CSR_SEDELEG, 0);
        csr_write(CSR_SIDELEG, DV_SIDELEG_ALWAYS);
        csr_write(CSR_HEDELEG, h->hedeleg);
        csr_write(CSR_HIDELEG, h->hideleg);
        sbi_call(SBI_EXT_VPMP, SBI_VPMP_SWITCH, SBI_VPMP_NO_SET, 0, 0, 0, 0);
    }
}

void dv_switch(struct task *prev, struct task *next) {
    if (prev->dv) {
        clear_thread_state(); /* lowers the lines, so that only software bits are read below */
        prev->dv->pending = (csr_read(CSR_HVIP) & HVIP_SOFTWARE) | (csr_read(CSR_HUIP) & HUIP_SOFTWARE);
        csr_clear(CSR_HVIP, HVIP_SOFTWARE);
        csr_clear(CSR_HUIP, HUIP_SOFTWARE);
    }
    if (prev->process->dv != next->process->dv) dv_load_process(next->process->dv);
    if (next->dv) {
        csr_set(CSR_HVIP, next->dv->pending & HVIP_SOFTWARE);
        csr_set(CSR_HUIP, next->dv->pending & HUIP_SOFTWARE);
    }
}

void dv_unregister(struct task *t) {
    if (!t->dv) return;
    unsigned long flags = local_irq_save();
    struct dv_thread *v = t->dv;
    t->dv = NULL;
    task_frame(t)->hstatus = 0;
    clear_thread_state();
    csr_clear(CSR_HVIP, HVIP_SOFTWARE);
    csr_clear(CSR_HUIP, HUIP_SOFTWARE);
    local_irq_restore(flags);
    kfree(v);
}

void dv_hart_init(void) {
    clear_thread_state();
    csr_write(CSR_SEDELEG, 0);
    csr_write(CSR_SIDELEG, DV_SIDELEG_ALWAYS);
}
