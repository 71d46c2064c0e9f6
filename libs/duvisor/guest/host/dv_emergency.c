/* Traps that reach HS from a guest of a VM process: none of them is an exit for the hypervisor (dv-ext.md 5.4, 14). */
#include "dv.h"
#include "kernel.h"

#define SIGKILL 9

/* The guest's own illegal instruction: it arrives in VS as if hedeleg had passed it on. */
static void reflect_to_guest(struct trapframe *f, struct dv_thread *v) {
    u64 s = v->regs[DV_HUVSSTATUS_INDEX];
    u64 next = s & ~(u64)(SSTATUS_SPP | SSTATUS_SPIE | SSTATUS_SIE);
    if (f->status & SSTATUS_SPP) next |= SSTATUS_SPP;
    if (s & SSTATUS_SIE) next |= SSTATUS_SPIE;
    v->regs[DV_HUVSSTATUS_INDEX] = next;
    v->regs[DV_HUVSEPC_INDEX] = f->epc;
    v->regs[DV_HUVSCAUSE_INDEX] = f->cause;
    v->regs[DV_HUVSTVAL_INDEX] = f->badaddr;
    f->epc = v->regs[DV_HUVSTVEC_INDEX] & ~3UL;
    f->status |= SSTATUS_SPP;
    f->hstatus |= HSTATUS_SPVP;
}

bool dv_guest_trap(struct trapframe *f) {
    if (!current->dv) return false;
    if (f->cause == CAUSE_ILLEGAL) {
        reflect_to_guest(f, current->dv);
        return true;
    }
    /* A memory-check violation, an illegal vIPI target, or an exit nobody asked to have delegated. */
    printk("dv: %s[%u]: cause %ld in the guest at 0x%lx, address 0x%lx: process killed\n", current->name, current->process->pid,
           f->cause, f->epc, f->badaddr);
    kill_process(current->process, SIGKILL);
    return true;
}
