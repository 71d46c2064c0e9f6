/* Per-hart data. tp points at the current task in the kernel; the task points at the hart it runs on. */
#ifndef KERNEL_PERCPU_H
#define KERNEL_PERCPU_H

#include "kernel/list.h"
#include "kernel/rbtree.h"
#include "kernel/spinlock.h"

#define MAX_HARTS 8

struct task;
struct hrtimer;

struct pcp_list {
    struct list pages; /* order-0 pages ready for this hart, newest first */
    u32 count;
};

struct hart {
    u32 id;     /* index in harts[] = cpu number */
    u32 hartid; /* the machine's number */
    struct task *idle;
    struct task *running;
    bool irq_from_user; /* what the interrupt being served interrupted */

    /* scheduler (sched.c) */
    spinlock_t run_lock;
    struct list run_queue;
    u32 nr_running;
    u64 switches;
    u64 charged_until;  /* ns: up to when the running thread's run_time is counted */
    u64 least_run_time; /* of the threads that can run; never goes back */

    /* timers (hrtimer.c) */
    spinlock_t timer_lock;
    struct rb_root timers;
    struct hrtimer *next_timer;
    u64 programmed_ns; /* expiry the hardware is set to; ~0 = none */

    /* page allocator (page.c) */
    struct pcp_list pcp;

    /* read-side sections (srcu.c) */
    u64 rcu_quiescent;

    /* H-extension defaults for threads that are not DV vCPUs; set by the KVM module when it enables the hardware */
    u64 hedeleg, hideleg;
};

extern struct hart harts[MAX_HARTS];
extern u32 nr_harts;

#endif
