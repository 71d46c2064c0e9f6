/* The guest's timer: a host timer whose expiry raises VSTIP (Linux: arch/riscv/kvm/vcpu_timer.c, without Sstc). */
#include "csr.h"
#include "kvm/kvm.h"

/* Guest time is host time: htimedelta 0. The published machine's prototype does the same (dv-ext.md §11). */
#define HTIMEDELTA 0

/* Interrupt context. */
static bool expired(struct hrtimer *timer) {
    struct kvm_vcpu *v = container_of(timer, struct kvm_vcpu, timer);
    u64 now = csr_read(CSR_TIME) + HTIMEDELTA;
    if (now < v->timer_deadline) { /* a clock may be early by its rounding */
        timer->expires = ktime_get() + time_to_ns(v->timer_deadline - now);
        return true;
    }
    set_interrupt(v, IRQ_VSTI);
    return false;
}

void vcpu_timer_init(struct kvm_vcpu *v) { hrtimer_init(&v->timer, expired); }

/* SBI set_timer: lowers VSTIP until `deadline`, in ticks of the guest's time. */
void vcpu_timer_next_event(struct kvm_vcpu *v, u64 deadline) {
    unset_interrupt(v, IRQ_VSTI);
    v->timer_deadline = deadline;
    u64 now = csr_read(CSR_TIME) + HTIMEDELTA;
    u64 delta = deadline > now ? deadline - now : 0;
    hrtimer_cancel(&v->timer);
    if (delta >> 40) return; /* "never": days or years ahead, beyond what a run lasts */
    hrtimer_start(&v->timer, ktime_get() + time_to_ns(delta));
}

/* With Sstc the guest's own compare register would be read back here. */
void vcpu_timer_sync(struct kvm_vcpu *v) { (void)v; }

void vcpu_timer_restore(struct kvm_vcpu *v) {
    (void)v;
    csr_write(CSR_HTIMEDELTA, HTIMEDELTA);
}
