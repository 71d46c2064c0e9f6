#include "kernel/hrtimer.h"

#include "errno.h"
#include "kernel.h"
#include "kernel/sbi.h"

#define TICK_NS 10000000UL /* 100 Hz */
#define NEVER (~0UL)

u64 timebase_hz;
static u64 ns_per_tick_32; /* ns per timebase tick, scaled by 2^32 */
static u64 ticks_per_ns_32;
static struct hrtimer ticks[MAX_HARTS];

u64 time_to_ns(u64 t) { return (u64)((unsigned __int128)t * ns_per_tick_32 >> 32); }
/* Rounded up, so that a timer never fires early. */
u64 ns_to_time(u64 ns) { return (u64)((unsigned __int128)ns * ticks_per_ns_32 >> 32) + 1; }

static u64 rdtime(void) {
    u64 t;
    __asm__ volatile("rdtime %0" : "=r"(t));
    return t;
}

u64 ktime_get(void) { return time_to_ns(rdtime()); }

/* The hart's timer follows the earliest expiry. Timer lock held. */
static void program(struct hart *h) {
    u64 at = h->next_timer ? h->next_timer->expires : NEVER;
    if (at == h->programmed_ns) return;
    h->programmed_ns = at;
    sbi_set_timer(at == NEVER ? NEVER : ns_to_time(at));
}

static void enqueue(struct hart *h, struct hrtimer *t) {
    struct rb_node **link = &h->timers.node, *parent = NULL;
    bool first = true;
    while (*link) {
        parent = *link;
        if (t->expires < rb_entry(parent, struct hrtimer, node)->expires) {
            link = &parent->left;
        } else {
            link = &parent->right;
            first = false;
        }
    }
    rb_insert(&h->timers, &t->node, parent, link);
    t->hart = h;
    t->queued = true;
    if (first) h->next_timer = t;
}

static void dequeue(struct hart *h, struct hrtimer *t) {
    if (h->next_timer == t) {
        struct rb_node *n = rb_next(&t->node);
        h->next_timer = n ? rb_entry(n, struct hrtimer, node) : NULL;
    }
    rb_erase(&h->timers, &t->node);
    t->queued = false;
}

void hrtimer_init(struct hrtimer *t, bool (*function)(struct hrtimer *t)) { *t = (struct hrtimer){ .function = function }; }

bool hrtimer_cancel(struct hrtimer *t) {
    struct hart *h = t->hart;
    if (!h) return false;
    unsigned long flags = spin_lock_irqsave(&h->timer_lock);
    bool was = t->queued;
    if (was) dequeue(h, t);
    spin_unlock_irqrestore(&h->timer_lock, flags);
    return was;
}

void hrtimer_start(struct hrtimer *t, u64 expires) {
    hrtimer_cancel(t);
    struct hart *h = current->hart;
    unsigned long flags = spin_lock_irqsave(&h->timer_lock);
    t->expires = expires;
    enqueue(h, t);
    if (h->next_timer == t) program(h);
    spin_unlock_irqrestore(&h->timer_lock, flags);
}

void hrtimer_interrupt(void) {
    struct hart *h = current->hart;
    spin_lock(&h->timer_lock);
    h->programmed_ns = NEVER - 1; /* it has fired: whatever comes next must be written */
    struct hrtimer *t;
    while ((t = h->next_timer) && t->expires <= ktime_get()) {
        dequeue(h, t);
        spin_unlock(&h->timer_lock);
        bool again = t->function(t);
        spin_lock(&h->timer_lock);
        if (again && !t->queued) enqueue(h, t);
    }
    program(h);
    spin_unlock(&h->timer_lock);
}

static bool tick(struct hrtimer *t) {
    sched_tick();
    t->expires += TICK_NS;
    return true;
}

void tick_start(void) { hrtimer_start(&ticks[hart_id()], ktime_get() + TICK_NS); }
void tick_stop(void) { hrtimer_cancel(&ticks[hart_id()]); }

void timer_init(u64 hz) {
    ns_per_tick_32 = (1000000000UL << 32) / hz;
    ticks_per_ns_32 = (hz << 32) / 1000000000UL;
    for (u32 i = 0; i < MAX_HARTS; i++) {
        hrtimer_init(&ticks[i], tick);
        harts[i].programmed_ns = NEVER;
    }
    csr_set(CSR_SIE, BIT(IRQ_STI) | BIT(IRQ_SSI));
}

struct sleeper {
    struct hrtimer timer;
    struct task *task;
    bool fired;
};

static bool wake_sleeper(struct hrtimer *t) {
    struct sleeper *s = container_of(t, struct sleeper, timer);
    WRITE_ONCE(s->fired, true);
    wake_task(s->task);
    return false;
}

bool schedule_timeout(u64 until) {
    struct sleeper s = { .task = current };
    hrtimer_init(&s.timer, wake_sleeper);
    hrtimer_start(&s.timer, until);
    schedule();
    hrtimer_cancel(&s.timer);
    return s.fired;
}

int sleep_until(u64 until) {
    while (ktime_get() < until) {
        if (kill_pending()) return -EINTR;
        WRITE_ONCE(current->state, TASK_SLEEPING);
        schedule_timeout(until);
        WRITE_ONCE(current->state, TASK_RUNNING);
    }
    return 0;
}
