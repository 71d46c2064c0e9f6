/* What the trap entry saves on the kernel stack (host/entry.S). Offsets for assembly: generated/offsets.h. */
#ifndef KERNEL_TRAPFRAME_H
#define KERNEL_TRAPFRAME_H

#include "csr.h"
#include "types.h"

struct trapframe {
    u64 epc;
    u64 ra, sp, gp, tp;
    u64 t0, t1, t2, s0, s1;
    u64 a0, a1, a2, a3, a4, a5, a6, a7;
    u64 s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    u64 t3, t4, t5, t6;
    u64 status, badaddr, cause;
    u64 orig_a0;
    u64 hstatus; /* of a DV vCPU thread; SPV says the trap came from V=1 */
    u64 pad;     /* keeps the size a multiple of 16 */
};

/* The trap came from below the kernel: U-mode, or a guest under a DV thread (SPP=1 but SPV=1). */
static inline bool from_user(const struct trapframe *f) { return !(f->status & SSTATUS_SPP) || (f->hstatus & HSTATUS_SPV); }

#endif
