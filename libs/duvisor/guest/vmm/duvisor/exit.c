/* What each VM exit means, as a table by cause (duvisor.md §5). */
#include "probe.h"
#include "csr.h"
#include "vcpu.h"

/*
 * The guest drives the real interrupt controller: the pages that all contexts share, and its own context's (dv-ext.md §10). Any
 * other page is another hart's or the register that posts interrupts.
 */
static enum vcpu_next map_interrupt_controller(struct vcpu *v, gpa_t gpa) {
    u64 page = (gpa - GUEST_PLIC) >> 12, own = 0x200 + 3 * v->hart + 2;
    if (page >= 0x200 && page != own) vcpu_die(v, "no register of the guest's interrupt controller");
    gstage_map_device(v->gstage, gpa);
    return VCPU_RESUME;
}

/*
 * On profile strict a trap into the kernel that comes between the guest's exit and exit_vector's look at hutval (an interrupt)
 * leaves 0 there (dv-ext.md §15): the guest then runs into its fault once more. A guest that really uses the page at 0 is told
 * apart by its patience.
 */
#define MAX_LOST_FAULTS 16

static bool address_lost(struct vcpu *v) {
    if (v->lost_at != v->uepc) v->lost_faults = 0;
    v->lost_at = v->uepc;
    return ++v->lost_faults <= MAX_LOST_FAULTS;
}

/* RAM gets a page; everything below RAM is a device. */
static enum vcpu_next on_guest_page_fault(struct vcpu *v) {
    PHASE(other);
    STEP(fault_check);
    gpa_t gpa = v->hutval << 2 | (v->utval & 3);
    if (!(v->hustatus & HUSTATUS_UPV)) vcpu_die(v, "the guest unmapped the instruction being emulated");
    if (unlikely(v->hutval == 0) && address_lost(v)) return VCPU_RESUME;
    if (gstage_is_ram(v->gstage, gpa)) {
        gstage_map_ram(v->gstage, gpa);
        return VCPU_RESUME;
    }
    if (gpa >= GUEST_RAM) vcpu_die(v, "guest physical address beyond RAM");
    if (gpa - GUEST_PLIC < GUEST_PLIC_SIZE) return map_interrupt_controller(v, gpa);
    return emulate_mmio(v, gpa);
}

/* The virtual timer: the line is lowered by stopping it, then the latched bit is cleared (dv-ext.md §2.1, hazard). */
static enum vcpu_next on_timer(struct vcpu *v) {
    virq_set(v, IRQ_VSTI);
    csr_write(CSR_VTIMECTL, 0);
    csr_clear(CSR_HUIP, 1 << IRQ_UTI);
    return VCPU_RESUME;
}

#define CAUSES 24

static enum vcpu_next (*const on_exception[CAUSES])(struct vcpu *v) = {
    [CAUSE_ECALL_VS] = on_ecall,
    [CAUSE_FETCH_GUEST_PAGE] = on_guest_page_fault,
    [CAUSE_LOAD_GUEST_PAGE] = on_guest_page_fault,
    [CAUSE_STORE_GUEST_PAGE] = on_guest_page_fault,
    [CAUSE_VIRTUAL] = on_wfi, /* hustatus.VTW; nothing else is trapped as a virtual instruction */
};

static enum vcpu_next (*const on_interrupt[CAUSES])(struct vcpu *v) = {
    [IRQ_UTI] = on_timer,
};

enum vcpu_next dispatch_exit(struct vcpu *v) {
    STEP(dispatch);
    bool interrupt = v->ucause & CAUSE_INTERRUPT;
    u64 cause = v->ucause & ~CAUSE_INTERRUPT;
    enum vcpu_next (*handler)(struct vcpu *v) = 0;
    if (cause < CAUSES) handler = interrupt ? on_interrupt[cause] : on_exception[cause];
    if (!handler) vcpu_die(v, "unexpected exit");
    return handler(v);
}
