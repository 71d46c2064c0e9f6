/*
 * A run queue per hart, fair by time as Linux's CFS is: each thread counts the time it has run, and the one that has run
 * least is next. A thread that slept is put at most SLEEPER_CREDIT_NS behind the others, and pre-empts the running one when
 * that has run WAKEUP_GRANULARITY_NS more. So a thread that works little (a device's) goes before one that works much (a
 * vCPU's), and not the other way round. Threads stay on the hart they were created on or pinned to.
 */
#include "dv.h"
#include "errno.h"
#include "kernel.h"
#include "kernel/sbi.h"
#include "kernel/srcu.h"
#include "probe.h"

#define SLEEPER_CREDIT_NS 3000000
#define WAKEUP_GRANULARITY_NS 1000000

struct hart harts[MAX_HARTS];
u32 nr_harts = 1;

/* Charges the running thread for its time until now. run_lock held. */
static void update_running(struct hart *h) {
    struct task *t = h->running;
    u64 now = ktime_get();
    if (t != h->idle) {
        t->run_time += now - h->charged_until;
        u64 least = t->run_time;
        list_for_each(l, &h->run_queue) least = MIN(least, list_entry(l, struct task, run_link)->run_time);
        h->least_run_time = MAX(h->least_run_time, least);
    }
    h->charged_until = now;
}

static void enqueue(struct hart *h, struct task *t) {
    list_add_tail(&h->run_queue, &t->run_link);
    h->nr_running++;
}

/* The queued thread that has run least, the longest queued of equals; idle when there is none. */
static struct task *pick_next(struct hart *h) {
    struct task *next = NULL;
    list_for_each(l, &h->run_queue) {
        struct task *t = list_entry(l, struct task, run_link);
        if (!next || t->run_time < next->run_time) next = t;
    }
    if (!next) return h->idle;
    list_del(&next->run_link);
    h->nr_running--;
    return next;
}

static void request_resched(struct hart *h) {
    set_bit(WORK_RESCHED_BIT, &h->running->work);
    if (h != current->hart) kick_hart(h->id);
}

void sched_add(struct task *t) {
    struct hart *h = t->hart;
    unsigned long flags = spin_lock_irqsave(&h->run_lock);
    t->run_time = h->least_run_time;
    enqueue(h, t);
    request_resched(h);
    spin_unlock_irqrestore(&h->run_lock, flags);
}

void wake_task(struct task *t) {
    struct hart *h = t->hart;
    unsigned long flags = spin_lock_irqsave(&h->run_lock);
    if (t->state == TASK_SLEEPING) {
        t->state = TASK_RUNNING;
        if (t != h->running) { /* else: on its way to sleep, and now stays */
            update_running(h);
            t->run_time = MAX(t->run_time, h->least_run_time - SLEEPER_CREDIT_NS);
            enqueue(h, t);
            if (h->running == h->idle || h->running->run_time > t->run_time + WAKEUP_GRANULARITY_NS) request_resched(h);
        }
    }
    spin_unlock_irqrestore(&h->run_lock, flags);
}

void kick_hart(u32 hart) {
    if (hart != hart_id()) sbi_send_ipi(BIT(harts[hart].hartid));
}

void switch_mm(struct mm *next) {
    u64 root = (next ? virt_to_phys(next->pgd) : virt_to_phys(kernel_pgd)) >> PAGE_SHIFT;
    u64 satp = SATP_SV39 | root;
    if (csr_read(CSR_SATP) == satp) return;
    csr_write(CSR_SATP, satp);
    sfence_all(); /* the machine has no ASIDs (Rocket) */
}

static void notify_out(struct task *prev, struct task *next) {
    list_for_each_safe(l, tmp, &prev->preempt_notifiers) {
        struct preempt_notifier *n = list_entry(l, struct preempt_notifier, link);
        n->ops->sched_out(n, next);
    }
}

/* First thing the new thread does. Interrupts are off; on a thread's first run entry.S calls this. */
void schedule_tail(struct task *prev) {
    if (prev->state == TASK_DEAD) task_free(prev);
    list_for_each_safe(l, tmp, &current->preempt_notifiers) {
        struct preempt_notifier *n = list_entry(l, struct preempt_notifier, link);
        n->ops->sched_in(n, hart_id());
    }
}

/* Gives the hart to another thread; `yielding`: to any other that can run, however long it has run already. */
static void switch_away(bool yielding) {
    STEP(__schedule);
    struct task *prev = current;
    BUG_ON(prev->preempt_count);
    unsigned long flags = local_irq_save();
    struct hart *h = prev->hart;
    spin_lock(&h->run_lock);
    rcu_note_context_switch();
    update_running(h);
    bool stays = prev->state == TASK_RUNNING && prev != h->idle;
    if (stays && !yielding) enqueue(h, prev);
    struct task *next = pick_next(h);
    if (stays && yielding) {
        if (next == h->idle) next = prev;
        else enqueue(h, prev);
    }
    clear_bit(WORK_RESCHED_BIT, &prev->work);
    h->running = next;
    spin_unlock(&h->run_lock);
    if (next != prev) {
        h->switches++;
        notify_out(prev, next);
        if (prev == h->idle) tick_start();
        if (next == h->idle) tick_stop();
        if (next->mm != prev->mm && next != h->idle) switch_mm(next->mm);
        if (prev->process->dv || next->process->dv) dv_switch(prev, next);
        prev = switch_to(prev, next);
        schedule_tail(prev);
    }
    local_irq_restore(flags);
}

void schedule(void) { switch_away(false); }
void yield(void) { switch_away(true); }

int guest_handle_work(void) {
    if (kill_pending()) return -EINTR;
    schedule();
    return kill_pending() ? -EINTR : 0;
}

/* From the timer interrupt, every 10 ms. */
void sched_tick(void) {
    struct task *t = current;
    if (t == t->hart->idle) return;
    if (t->in_guest || (t->dv && (task_frame(t)->hstatus & HSTATUS_SPV))) t->guest_ticks++;
    else if (t->hart->irq_from_user) t->user_ticks++;
    else t->system_ticks++;
    spin_lock(&t->hart->run_lock);
    update_running(t->hart);
    bool other = t->hart->nr_running && t->run_time > t->hart->least_run_time;
    spin_unlock(&t->hart->run_lock);
    if (other) set_bit(WORK_RESCHED_BIT, &t->work);
}

void idle_loop(void) {
    for (;;) {
        local_irq_disable();
        if (list_empty(&current->hart->run_queue)) __asm__ volatile("wfi");
        local_irq_enable(); /* what woke us is taken here */
        schedule();
    }
}

void sched_init(void) {
    for (u32 i = 0; i < MAX_HARTS; i++) {
        harts[i].id = i;
        harts[i].least_run_time = SLEEPER_CREDIT_NS; /* so that the credit can be given from the start */
        list_init(&harts[i].run_queue);
    }
    struct hart *h = &harts[0];
    h->hartid = boot.boot_hartid;
    h->idle = h->running = &boot_task;
}
