/*
 * The DV-driver and the kernel's duties for DV threads (duvisor.md 11, dv-ext.md 12): dv_driver.c, dv_switch.c,
 * dv_entry.S, dv_emergency.c.
 */
#ifndef HOST_DV_H
#define HOST_DV_H

#include "dv-csrs.h"
#include "kernel/list.h"
#include "kernel/sched.h"

struct dv_thread {
    u64 regs[DV_NR_SAVED];
    u64 pending; /* software bits VSSIP, VSTIP, USIP, UTIP taken off the hart at switch-out (ours, dv-ext.md 12) */
};

struct dv_area {
    struct list link;
    u64 va;
    u64 pfn;
    u64 bytes;
};

/* A VM process: created by open("/dev/dv_driver"), gone when that file's last reference is closed. */
struct dv_process {
    u64 vmid;
    u64 vpmp_set; /* which areas the firmware opens for this process */
    u64 sedeleg, sideleg, hedeleg, hideleg;
    bool delegated; /* REQUEST_DELEG was accepted */
    struct list areas;
    spinlock_t lock;
};

/* Masks of dv-ext.md 3 and duvisor.md 11. */
#define DV_EDELEG_ALLOWED 0xF00400
#define DV_IDELEG_ALLOWED 0x111
#define DV_SIDELEG_ALWAYS 0x1
#define DV_HEDELEG 0xB109
#define DV_HIDELEG 0x444

extern bool dv_present;

/* dv_driver.c */
void dv_init(void);
/* vplic_dev.c */
void vplic_dev_init(void);
/* dv_switch.c: called by the scheduler when one of the two threads belongs to a VM process */
void dv_switch(struct task *prev, struct task *next);
void dv_hart_init(void);
void dv_load_process(const struct dv_process *p);
/* Drop the thread's DV state for good (exit, UNREGISTER_VCPU). */
void dv_unregister(struct task *t);
/* dv_emergency.c: a trap to HS with SPV = 1. True when it was dealt with. */
bool dv_guest_trap(struct trapframe *f);

#endif
