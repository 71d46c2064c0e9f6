/*
 * What the trap entry adds for a registered DV vCPU thread (dv-ext.md 12): its HU, HUVS and user trap registers are
 * saved at every entry into the kernel and restored at every exit.
 *
 * dv_save: t1 = struct dv_thread, sp = trap frame, s0..s5 as entry.S left them. A trap from the kernel itself keeps the
 * registers saved at the outer entry.
 */
#include "csr.h"
#include "dv-csrs.h"
#include "host-offsets.h"

.section .text
.globl dv_save
dv_save:
    csrr t2, CSR_HSTATUS
    sd t2, FRAME_hstatus(sp)
    andi t3, s1, SSTATUS_SPP
    beqz t3, 1f
    andi t3, t2, HSTATUS_SPV
    beqz t3, dv_saved               /* from the kernel */
1:
#define SAVE(index, csr) csrr t2, csr; sd t2, DV_regs + 8 * index(t1);
    DV_SAVED_CSRS(SAVE)
    j dv_saved

/* t1 = struct dv_thread, s0 = sstatus to restore. hustatus goes first: hstatus shares its bits and has the last word. */
.globl dv_restore
dv_restore:
#define RESTORE(index, csr) ld t2, DV_regs + 8 * index(t1); csrw csr, t2;
    DV_SAVED_CSRS(RESTORE)
    ld t2, FRAME_hstatus(sp)
    csrw CSR_HSTATUS, t2
    j restore
