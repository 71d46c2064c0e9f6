/*
 * Processes: one thread each, round robin with time slices of a tick, sleep and wakeup by channel. There is no idle thread:
 * whoever finds nothing runnable waits for interrupts on its own stack.
 */
#include "vm.h"

#define STACK_CANARY 0x6b7374616b636174

struct process *current;
bool need_resched;

static struct process processes[MAX_PROCESSES];
static u8 stacks[MAX_PROCESSES][KERNEL_STACK] __attribute__((aligned(16), section(".noinit")));
static struct context boot_context;
static struct list sleepers = LIST_INIT(sleepers);
static bool failed; /* a process ended with a code other than 0 */
static bool idled; /* since a process ran last */

extern void return_to_user(void);
extern void switch_context(struct context *from, const struct context *to);

static void wake(struct process *p) {
    p->state = RUNNABLE;
    list_del(&p->sleeping);
}

static void time_out(struct timer *t) {
    struct process *p = container_of(t, struct process, timeout);
    p->timed_out = true;
    wake(p);
}

void process_init(void) {
    for (u32 i = 0; i < MAX_PROCESSES; i++) {
        struct process *p = &processes[i];
        p->stack = stacks[i];
        *(u64 *)p->stack = STACK_CANARY;
        list_init(&p->sleeping);
        timer_setup(&p->timeout, time_out);
    }
}

struct frame *process_frame(struct process *p) { return (struct frame *)(p->stack + KERNEL_STACK) - 1; }

struct process *process_create(const char *name) {
    for (u32 i = 0; i < MAX_PROCESSES; i++) {
        struct process *p = &processes[i];
        if (p->state != UNUSED) continue;
        p->pid = i + 1;
        if (space_create(&p->space, p->pid)) return NULL;
        memcpy(p->name, name, MIN(strlen(name), sizeof(p->name) - 1));
        memset(process_frame(p), 0, sizeof(struct frame));
        p->context.sp = (u64)process_frame(p);
        p->context.ra = (u64)return_to_user;
        p->state = RUNNABLE;
        return p;
    }
    return NULL;
}

/* Serve what is pending, or wait for it: interrupts are off, so wfi ends and nothing traps. */
static void idle(void) {
    net_flush();
    u64 pending = csr_read(CSR_SIP) & csr_read(CSR_SIE);
    if (!pending) {
        __asm__ volatile("wfi");
        pending = csr_read(CSR_SIP) & csr_read(CSR_SIE);
    }
    if (pending & BIT(IRQ_STI)) timer_interrupt(false);
    if (pending & BIT(IRQ_SEI)) plic_interrupt();
    idled = true;
}

/* The next runnable process behind `current`, in the order of the table. */
static struct process *next_runnable(void) {
    u32 at = current ? current->pid : 0;
    for (u32 i = 0; i < MAX_PROCESSES; i++) {
        struct process *p = &processes[(at + i) % MAX_PROCESSES];
        if (p->state == RUNNABLE) return p;
    }
    return NULL;
}

static void switch_process(void) {
    struct process *next;
    net_flush();
    while (!(next = next_runnable())) idle();
    if (idled) timer_resume_tick();
    idled = false;
    need_resched = false;
    struct process *previous = current;
    if (next == previous) return;
    if (previous && *(u64 *)previous->stack != STACK_CANARY) panic("%s: kernel stack overflow", previous->name);
    current = next;
    space_activate(&next->space);
    switch_context(previous ? &previous->context : &boot_context, &next->context);
}

void process_start(void) {
    idled = true;
    switch_process();
    panic("process_start: the boot thread came back");
}

void yield(void) { switch_process(); }

int sleep_on(const void *channel, u64 deadline) {
    if (!current) { /* the boot thread */
        idle();
        return 0;
    }
    current->channel = channel;
    current->timed_out = false;
    current->state = SLEEPING;
    list_add_tail(&sleepers, &current->sleeping);
    if (deadline != TICKS_NEVER) timer_set(&current->timeout, deadline);
    switch_process();
    timer_cancel(&current->timeout);
    current->channel = NULL;
    return current->timed_out ? -ETIMEDOUT : 0;
}

void wakeup(const void *channel) {
    list_for_each_safe(at, next, &sleepers) {
        struct process *p = list_entry(at, struct process, sleeping);
        if (p->channel == channel) wake(p);
    }
}

/* The machine is off when its last process has ended, and says whether all ended well. */
static void power_off_when_done(int code) {
    failed |= code != 0;
    for (u32 i = 0; i < MAX_PROCESSES; i++)
        if (processes[i].state == RUNNABLE || processes[i].state == SLEEPING) return;
    power_off(failed);
}

void process_exit(int code) {
    struct process *p = current;
    for (u64 fd = 0; fd < MAX_FDS; fd++) fd_close(fd);
    space_destroy(&p->space);
    p->exit_code = code;
    p->state = ENDED;
    printk("vm: %s ended, code %d\n", p->name, code);
    power_off_when_done(code);
    switch_process();
    panic("%s runs after its end", p->name);
}
