/* Making and ending threads and processes. */
#include "dv.h"
#include "errno.h"
#include "kernel.h"

#define CLONE_VM 0x100
#define CLONE_FS 0x200
#define CLONE_FILES 0x400
#define CLONE_SIGHAND 0x800
#define CLONE_THREAD 0x10000
#define CLONE_SYSVSEM 0x40000
#define CLONE_SETTLS 0x80000
#define CLONE_PARENT_SETTID 0x100000
#define CLONE_CHILD_CLEARTID 0x200000
#define CLONE_CHILD_SETTID 0x1000000
#define CLONE_THREAD_SET (CLONE_VM | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define CLONE_KNOWN                                                                             \
    (CLONE_THREAD_SET | CLONE_FS | CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |             \
     CLONE_CHILD_SETTID)

#define STACK_ORDER 2 /* KERNEL_STACK_SIZE */

extern char boot_stack[];

static struct process kernel_process = { .pid = 0, .threads = LIST_INIT(kernel_process.threads) };

/* Runs kernel_main, then is the boot hart's idle thread. */
struct task boot_task = {
    .hart = &harts[0],
    .process = &kernel_process,
    .stack = boot_stack,
    .name = "idle",
    .run_link = LIST_INIT(boot_task.run_link),
    .preempt_notifiers = LIST_INIT(boot_task.preempt_notifiers),
};

struct process *init_process;
static u32 next_id = 1;

struct process *process_create(void) {
    struct process *p = kzalloc(sizeof(*p));
    if (!p) return NULL;
    list_init(&p->threads);
    p->mm = mm_create();
    p->files = files_create();
    if (!p->mm || !p->files) return NULL;
    p->pid = next_id;
    return p;
}

struct task *task_create(struct process *p, const char *name) {
    struct task *t = kzalloc(sizeof(*t));
    struct page *stack = alloc_pages(STACK_ORDER, GFP_KERNEL);
    if (!t || !stack) {
        kfree(t);
        if (stack) put_page(stack);
        return NULL;
    }
    t->stack = page_address(stack);
    t->kernel_sp = (u64)t->stack + KERNEL_STACK_SIZE;
    t->context.sp = (u64)task_frame(t);
    t->context.ra = (u64)thread_start;
    t->tid = next_id++;
    t->name = name;
    t->process = p;
    t->mm = p->mm;
    t->hart = &harts[0];
    t->affinity = BIT(nr_harts) - 1;
    list_init(&t->run_link);
    list_init(&t->preempt_notifiers);
    memset(task_frame(t), 0, sizeof(struct trapframe));
    unsigned long flags = spin_lock_irqsave(&p->lock);
    list_add_tail(&p->threads, &t->group_link);
    p->nr_threads++;
    spin_unlock_irqrestore(&p->lock, flags);
    return t;
}

/* By the thread that runs after it: nobody is on this stack any more. */
void task_free(struct task *t) {
    put_page(virt_to_page(t->stack));
    kfree(t);
}

/* Only threads of the same process can be made; a process of its own is not offered yet. */
s64 task_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid) {
    flags &= ~0xffUL; /* exit signal */
    if ((flags & CLONE_THREAD_SET) != CLONE_THREAD_SET || flags & ~(u64)CLONE_KNOWN || !stack) return -EINVAL;
    struct task *t = task_create(current->process, current->name);
    if (!t) return -ENOMEM;
    s64 tid = t->tid;
    struct trapframe *f = task_frame(t);
    *f = *task_frame(current);
    f->hstatus = 0; /* registering as a vCPU is each thread's own act */
    f->a0 = 0;
    f->sp = stack;
    if (flags & CLONE_SETTLS) f->tp = tls;
    if (flags & CLONE_CHILD_CLEARTID) t->clear_tid = child_tid;
    u32 id = t->tid;
    if (flags & CLONE_PARENT_SETTID) copy_to_user(parent_tid, &id, sizeof(id));
    if (flags & CLONE_CHILD_SETTID) copy_to_user(child_tid, &id, sizeof(id));
    atomic_inc(&t->mm->users);
    t->affinity = current->affinity;
    sched_add(t);
    return tid;
}

void kill_process(struct process *p, int status) {
    unsigned long flags = spin_lock_irqsave(&p->lock);
    if (!p->ending) {
        p->ending = true;
        p->exit_code = status;
    }
    list_for_each(l, &p->threads) {
        struct task *t = list_entry(l, struct task, group_link);
        set_bit(WORK_KILL_BIT, &t->work);
        wake_task(t);
        if (t->hart != current->hart) kick_hart(t->hart->id);
    }
    spin_unlock_irqrestore(&p->lock, flags);
}

void process_exit(int status) {
    kill_process(current->process, status);
    task_exit(0);
}

/* The init process is the run: its end is the machine's. */
static void end_of_init(int status) {
    int signal = status & 0x7f;
    if (boot.statistics) report_statistics();
    if (signal) printk("init killed by signal %d\n", signal);
    machine_exit(signal ? 128u + (u32)signal : (u32)status >> 8 & 0xff);
}

void task_exit(int code) {
    struct task *t = current;
    struct process *p = t->process;
    local_irq_enable();
    t->exit_code = code;
    if (t->clear_tid) {
        u32 zero = 0;
        if (copy_to_user(t->clear_tid, &zero, sizeof(zero)) == 0) futex_wake(t->clear_tid, 1);
    }
    dv_unregister(t);
    mm_fold_counters(t);

    unsigned long flags = spin_lock_irqsave(&p->lock);
    list_del(&t->group_link);
    bool last = --p->nr_threads == 0;
    if (last && !p->ending) p->exit_code = code << 8;
    spin_unlock_irqrestore(&p->lock, flags);

    if (last) files_close_all(p->files);
    if (last && p == init_process) end_of_init(p->exit_code);
    struct mm *mm = t->mm;
    t->mm = NULL;
    switch_mm(NULL);
    mm_put(mm);

    local_irq_disable();
    if (last) t->process = &kernel_process;
    t->state = TASK_DEAD;
    if (last) kfree(p);
    schedule();
    panic("task_exit: a dead thread runs");
}
