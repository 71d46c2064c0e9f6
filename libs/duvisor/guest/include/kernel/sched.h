/*
 * Threads and processes (host/task.c, sched.c). A process is a thread group: tasks that share mm and files.
 * The kernel itself is not pre-empted; user code is, at the tick, and long kernel work calls cond_resched().
 */
#ifndef KERNEL_SCHED_H
#define KERNEL_SCHED_H

#include "kernel/list.h"
#include "kernel/percpu.h"
#include "kernel/trapframe.h"
#include "kernel/wait.h"

struct mm;
struct files;
struct dv_thread;
struct dv_process;
struct preempt_notifier;

enum task_state { TASK_RUNNING, TASK_SLEEPING, TASK_DEAD };

/* Reasons to leave the fast path back to user or guest mode. */
enum { WORK_RESCHED_BIT, WORK_KILL_BIT };
#define WORK_RESCHED BIT(WORK_RESCHED_BIT)
#define WORK_KILL BIT(WORK_KILL_BIT) /* the process is ending: pending "signal" */

#define KERNEL_STACK_SIZE 16384

struct task {
    /* Used by entry.S and switch.S through generated offsets; keep first. */
    u64 kernel_sp;      /* top of the kernel stack while in user mode */
    u64 user_sp;        /* scratch of the entry code */
    u64 work;           /* WORK_* */
    struct dv_thread *dv; /* non-null: a registered DV vCPU thread */
    struct {
        u64 ra, sp, s[12];
    } context;          /* of a thread that is switched out */
    struct hart *hart;
    s32 preempt_count;

    enum task_state state;
    u32 tid;
    struct process *process;
    struct list run_link;   /* run queue */
    struct list group_link; /* process->threads */
    u64 affinity;           /* bit per hart */
    struct mm *mm;
    s64 mm_counters[2];     /* resident pages not yet folded into mm */
    u64 clear_tid;          /* user address cleared and woken at exit */
    int exit_code;
    struct list preempt_notifiers;
    u64 run_time;           /* ns on the hart so far, as the scheduler counts it */
    u64 user_ticks, system_ticks, guest_ticks;
    bool in_guest;          /* set by KVM around the world switch: a tick then is the guest's */
    u64 faults;             /* page faults served */
    void *stack;
    const char *name;
};

struct process {
    u32 pid;
    struct mm *mm;
    struct files *files;
    struct list threads;
    spinlock_t lock;
    u32 nr_threads;
    bool ending;
    int exit_code;          /* as wait status: code << 8, or the signal number */
    struct dv_process *dv;  /* the DV-driver's record, see dv.h */
};

register struct task *current __asm__("tp");

static inline struct trapframe *task_frame(const struct task *t) {
    return (struct trapframe *)((u64)t->stack + KERNEL_STACK_SIZE - sizeof(struct trapframe));
}
static inline u32 hart_id(void) { return current->hart->id; }

static inline void preempt_disable(void) { current->preempt_count++; barrier(); }
static inline void preempt_enable(void) { barrier(); current->preempt_count--; }

void schedule(void);
void yield(void);
static inline bool need_resched(void) { return READ_ONCE(current->work) & WORK_RESCHED; }
static inline void cond_resched(void) { if (unlikely(need_resched())) schedule(); }
static inline bool kill_pending(void) { return READ_ONCE(current->work) & WORK_KILL; }

/* Before entering a guest: any work pending? Interrupts may be on or off. */
static inline bool guest_work_pending(void) { return READ_ONCE(current->work) != 0; }
/* Do it (interrupts on): reschedules; -EINTR when the thread is to leave the kernel and die. */
int guest_handle_work(void);

void wake_task(struct task *t);
/* Ask another hart to leave its guest or reschedule (SBI IPI); nothing for the calling hart. */
void kick_hart(u32 hart);

/* Called when a thread with registered notifiers is switched out or in (KVM's vCPU put and load). */
struct preempt_notifier_ops {
    void (*sched_in)(struct preempt_notifier *n, u32 hart);
    void (*sched_out)(struct preempt_notifier *n, struct task *next);
};
struct preempt_notifier {
    struct list link;
    const struct preempt_notifier_ops *ops;
};
static inline void preempt_notifier_register(struct preempt_notifier *n) { list_add(&current->preempt_notifiers, &n->link); }
static inline void preempt_notifier_unregister(struct preempt_notifier *n) { list_del(&n->link); }

/* End the whole process of `t`; status as in wait(2). Returns to the caller, who dies at its next return to user. */
void kill_process(struct process *p, int status);

#endif
