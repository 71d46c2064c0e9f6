/*
 * Traps that medeleg keeps in M-mode but belong to a lower mode: illegal instructions and access faults (dv-ext.md 5.4,
 * 14). They arrive there as if delegated: in VS when the trap came from a guest and hedeleg passes it on, else in HS.
 */
#include "firmware.h"

#define SPP_SPIE_SIE (SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE)

/* The trap's effect on an s/vsstatus value: SPP from the old privilege, SPIE from SIE, SIE cleared. */
static u64 status_after(u64 status, bool from_supervisor) {
    u64 next = status & ~(u64)SPP_SPIE_SIE;
    if (from_supervisor) next |= SSTATUS_SPP;
    if (status & SSTATUS_SIE) next |= SSTATUS_SPIE;
    return next;
}

void redirect_trap(struct frame *f, const struct trap_info *t) {
    bool from_guest = f->status & MSTATUS_MPV;
    bool from_supervisor = (f->status & MSTATUS_MPP) == MSTATUS_MPP_S;
    if ((f->status & MSTATUS_MPP) == MSTATUS_MPP) fatal("redirect of a firmware trap: cause, epc", t->cause, f->epc);

    if (from_guest && (csr_read(CSR_HEDELEG) >> t->cause & 1)) {
        csr_write(CSR_VSEPC, f->epc);
        csr_write(CSR_VSCAUSE, t->cause);
        csr_write(CSR_VSTVAL, t->tval);
        csr_write(CSR_VSSTATUS, status_after(csr_read(CSR_VSSTATUS), from_supervisor));
        f->epc = csr_read(CSR_VSTVEC) & ~3UL;
    } else {
        u64 h = csr_read(CSR_HSTATUS) & ~(u64)(HSTATUS_SPV | HSTATUS_GVA);
        if (from_guest) h = (h & ~(u64)HSTATUS_SPVP) | HSTATUS_SPV | (from_supervisor ? HSTATUS_SPVP : 0);
        if (t->gva) h |= HSTATUS_GVA;
        csr_write(CSR_HSTATUS, h);
        csr_write(CSR_HTVAL, t->tval2);
        csr_write(CSR_HTINST, t->tinst);
        csr_write(CSR_SEPC, f->epc);
        csr_write(CSR_SCAUSE, t->cause);
        csr_write(CSR_STVAL, t->tval);
        f->epc = csr_read(CSR_STVEC) & ~3UL;
        f->status = status_after(f->status, from_supervisor) & ~(u64)MSTATUS_MPV;
    }
    f->status = (f->status & ~(u64)MSTATUS_MPP) | MSTATUS_MPP_S;
}
