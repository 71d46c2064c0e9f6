/*
 * Trap entry of the host kernel and the way back.
 *
 * Comes here from: U-mode and HU-mode (sscratch = current task), a guest of a DV thread (V=1; same), and the kernel
 * itself (sscratch = 0). Page table: that of the process, with the kernel's half. Live: every register.
 * KVM guests do not come here: their exits go to the module's own vector (guest/kvm).
 */
#include "csr.h"
#include "host-offsets.h"
#include "probe.h"

.section .text
.balign 4
.globl trap_entry
trap_entry:
    STEP handle_exception
    csrrw tp, CSR_SSCRATCH, tp
    bnez tp, 1f
    csrr tp, CSR_SSCRATCH           /* from the kernel: tp was right, stay on its stack */
    sd sp, TASK_KERNEL_SP(tp)
1:  sd sp, TASK_USER_SP(tp)
    ld sp, TASK_KERNEL_SP(tp)
    addi sp, sp, -FRAME_SIZE
    sd ra, FRAME_ra(sp)
    sd gp, FRAME_gp(sp)
    sd t0, FRAME_t0(sp)
    sd t1, FRAME_t1(sp)
    sd t2, FRAME_t2(sp)
    sd s0, FRAME_s0(sp)
    sd s1, FRAME_s1(sp)
    sd a0, FRAME_a0(sp)
    sd a1, FRAME_a1(sp)
    sd a2, FRAME_a2(sp)
    sd a3, FRAME_a3(sp)
    sd a4, FRAME_a4(sp)
    sd a5, FRAME_a5(sp)
    sd a6, FRAME_a6(sp)
    sd a7, FRAME_a7(sp)
    sd s2, FRAME_s2(sp)
    sd s3, FRAME_s3(sp)
    sd s4, FRAME_s4(sp)
    sd s5, FRAME_s5(sp)
    sd s6, FRAME_s6(sp)
    sd s7, FRAME_s7(sp)
    sd s8, FRAME_s8(sp)
    sd s9, FRAME_s9(sp)
    sd s10, FRAME_s10(sp)
    sd s11, FRAME_s11(sp)
    sd t3, FRAME_t3(sp)
    sd t4, FRAME_t4(sp)
    sd t5, FRAME_t5(sp)
    sd t6, FRAME_t6(sp)

    li t0, SSTATUS_SUM | SSTATUS_FS /* no user memory and no FP in the kernel unless it says so */
    ld s0, TASK_USER_SP(tp)
    csrrc s1, CSR_SSTATUS, t0
    csrr s2, CSR_SEPC
    csrr s3, CSR_STVAL
    csrr s4, CSR_SCAUSE
    csrrw s5, CSR_SSCRATCH, zero    /* 0 = in the kernel; s5 = interrupted tp */
    sd s0, FRAME_sp(sp)
    sd s1, FRAME_status(sp)
    sd s2, FRAME_epc(sp)
    sd s3, FRAME_badaddr(sp)
    sd s4, FRAME_cause(sp)
    sd s5, FRAME_tp(sp)

    ld t1, TASK_DV(tp)
    bnez t1, dv_save                /* dv_entry.S; continues at dv_saved */
    sd zero, FRAME_hstatus(sp)
.globl dv_saved
dv_saved:
    mv a0, sp
    la ra, return_from_trap
    bltz s4, 1f
    tail trap_exception             /* (frame) */
1:  tail trap_interrupt             /* (frame) */

/* Interrupts off from here to sret, or a trap would overwrite what is being restored. */
.globl return_from_trap
return_from_trap:
    STEP ret_from_exception
    csrc CSR_SSTATUS, SSTATUS_SIE
    ld s0, FRAME_status(sp)
    andi t0, s0, SSTATUS_SPP
    beqz t0, to_user
    ld t0, FRAME_hstatus(sp)
    andi t0, t0, HSTATUS_SPV
    beqz t0, restore                /* to the kernel */
to_user:
    ld t0, TASK_WORK(tp)
    bnez t0, do_work
    addi t0, sp, FRAME_SIZE
    sd t0, TASK_KERNEL_SP(tp)
    csrw CSR_SSCRATCH, tp
    ld t1, TASK_DV(tp)
    bnez t1, dv_restore             /* dv_entry.S; continues at restore */
.globl restore
restore:
    ld a2, FRAME_epc(sp)
    sc.d zero, a2, FRAME_epc(sp)    /* ends any reservation of the interrupted code */
    csrw CSR_SSTATUS, s0
    csrw CSR_SEPC, a2
    ld ra, FRAME_ra(sp)
    ld gp, FRAME_gp(sp)
    ld tp, FRAME_tp(sp)
    ld t0, FRAME_t0(sp)
    ld t1, FRAME_t1(sp)
    ld t2, FRAME_t2(sp)
    ld s0, FRAME_s0(sp)
    ld s1, FRAME_s1(sp)
    ld a0, FRAME_a0(sp)
    ld a1, FRAME_a1(sp)
    ld a2, FRAME_a2(sp)
    ld a3, FRAME_a3(sp)
    ld a4, FRAME_a4(sp)
    ld a5, FRAME_a5(sp)
    ld a6, FRAME_a6(sp)
    ld a7, FRAME_a7(sp)
    ld s2, FRAME_s2(sp)
    ld s3, FRAME_s3(sp)
    ld s4, FRAME_s4(sp)
    ld s5, FRAME_s5(sp)
    ld s6, FRAME_s6(sp)
    ld s7, FRAME_s7(sp)
    ld s8, FRAME_s8(sp)
    ld s9, FRAME_s9(sp)
    ld s10, FRAME_s10(sp)
    ld s11, FRAME_s11(sp)
    ld t3, FRAME_t3(sp)
    ld t4, FRAME_t4(sp)
    ld t5, FRAME_t5(sp)
    ld t6, FRAME_t6(sp)
    ld sp, FRAME_sp(sp)
    sret

do_work:
    csrs CSR_SSTATUS, SSTATUS_SIE
    mv a0, sp
    la ra, return_from_trap         /* and look again */
    tail user_work                  /* (frame) */

/* struct task *switch_to(struct task *prev, struct task *next): to next's stack; returns prev to next. */
.globl switch_to
switch_to:
    sd ra, TASK_CONTEXT_RA(a0)
    sd sp, TASK_CONTEXT_SP(a0)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd s\n, TASK_CONTEXT_S + 8*\n(a0)
    .endr
    ld ra, TASK_CONTEXT_RA(a1)
    ld sp, TASK_CONTEXT_SP(a1)
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld s\n, TASK_CONTEXT_S + 8*\n(a1)
    .endr
    mv tp, a1
    ret

/* First run of a thread: a0 = the task it was switched from; its trap frame is on top of its stack. */
.globl thread_start
thread_start:
    call schedule_tail
    j return_from_trap

/* First run of a kernel thread: s0 = function. */
.globl kernel_thread_start
kernel_thread_start:
    call schedule_tail
    jr s0
