/*
 * Offsets for assembly. Never linked: the Makefile compiles this file to assembly text and turns every `->NAME value`
 * line into a #define of host-offsets.h.
 */
#include "dv.h"
#include "kernel/sched.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))
#define FRAME(field) DEFINE(FRAME_##field, offsetof(struct trapframe, field))
#define DV(field) DEFINE(DV_##field, offsetof(struct dv_thread, field))

void offsets(void) {
    DEFINE(TASK_KERNEL_SP, offsetof(struct task, kernel_sp));
    DEFINE(TASK_USER_SP, offsetof(struct task, user_sp));
    DEFINE(TASK_WORK, offsetof(struct task, work));
    DEFINE(TASK_DV, offsetof(struct task, dv));
    DEFINE(TASK_CONTEXT_RA, offsetof(struct task, context.ra));
    DEFINE(TASK_CONTEXT_SP, offsetof(struct task, context.sp));
    DEFINE(TASK_CONTEXT_S, offsetof(struct task, context.s));
    DEFINE(BOOT_STACK_SIZE, KERNEL_STACK_SIZE);
    DEFINE(FRAME_SIZE, sizeof(struct trapframe));
    FRAME(epc);
    FRAME(ra);
    FRAME(sp);
    FRAME(gp);
    FRAME(tp);
    FRAME(t0);
    FRAME(t1);
    FRAME(t2);
    FRAME(s0);
    FRAME(s1);
    FRAME(a0);
    FRAME(a1);
    FRAME(a2);
    FRAME(a3);
    FRAME(a4);
    FRAME(a5);
    FRAME(a6);
    FRAME(a7);
    FRAME(s2);
    FRAME(s3);
    FRAME(s4);
    FRAME(s5);
    FRAME(s6);
    FRAME(s7);
    FRAME(s8);
    FRAME(s9);
    FRAME(s10);
    FRAME(s11);
    FRAME(t3);
    FRAME(t4);
    FRAME(t5);
    FRAME(t6);
    FRAME(status);
    FRAME(badaddr);
    FRAME(cause);
    FRAME(orig_a0);
    FRAME(hstatus);
    DV(regs);
}
