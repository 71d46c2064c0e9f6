/*
 * The guest waits for an interrupt. At first the thread only yields, as the released hypervisor does always (duvisor.md §5),
 * for as long as KVM polls before it blocks; then it sleeps until its timer or a device's thread wakes it, so that an idle
 * VM leaves the hart idle.
 */
#include "csr.h"
#include "probe.h"
#include "sys.h"
#include "vcpu.h"

#define POLL_NS 500000ul
#define SAME_WAIT_NS 20000ul /* WFI exits closer together than this are one wait of the guest's idle loop */
#define NS_PER_S 1000000000ul
/* vsie shows VS bits 2, 6, 10 at 1, 5, 9. */
#define VSIE_BITS 0x222ul

static u64 ticks(const struct vcpu *v, u64 ns) { return ns * v->vm->timebase / NS_PER_S; }

/* The guest has something to wake up for, or its timer has run out. */
static bool interrupt_pending(const struct vcpu *v) {
    u64 pending = csr_read(CSR_HUIP) | v->virq;
    u64 wanted = (csr_read(CSR_HUVSIE) & VSIE_BITS) << 1 | 1ul << IRQ_UTI;
    return pending & wanted;
}

/* Time until the virtual timer runs out; false when it is off. */
static bool timer_left(const struct vcpu *v, struct timespec *left) {
    if (!(csr_read(CSR_VTIMECTL) & 1)) return false;
    u64 deadline = csr_read(CSR_VTIMECMP), now = csr_read(CSR_TIME), timebase = v->vm->timebase;
    u64 delta = deadline > now ? deadline - now : 0;
    left->sec = delta / timebase;
    left->nsec = delta % timebase * NS_PER_S / timebase;
    return left->sec < 1 << 30; /* centuries: for ever */
}

static void sleep(struct vcpu *v) {
    struct timespec left;
    bool timed = timer_left(v, &left);
    __atomic_store_n(&v->asleep, 1, __ATOMIC_SEQ_CST);
    /* Whoever posts an interrupt looks at `asleep` after it, and this thread at the interrupt after `asleep`. */
    if (!interrupt_pending(v)) sys_futex_wait(&v->asleep, 1, timed ? &left : 0);
    __atomic_store_n(&v->asleep, 0, __ATOMIC_RELAXED);
}

enum vcpu_next on_wfi(struct vcpu *v) {
    STEP(wfi);
    v->uepc += 4;
    if (interrupt_pending(v)) return VCPU_RESUME;
    u64 now = csr_read(CSR_TIME);
    if (now - v->last_wfi > ticks(v, SAME_WAIT_NS)) v->wait_start = now;
    if (now - v->wait_start < ticks(v, POLL_NS)) sys_yield();
    else sleep(v);
    v->last_wfi = csr_read(CSR_TIME);
    return VCPU_RESUME;
}

void vcpu_wake(struct vcpu *v) {
    __asm__ volatile("fence iorw, iorw" ::: "memory"); /* the posted interrupt before the look */
    if (__atomic_exchange_n(&v->asleep, 0, __ATOMIC_SEQ_CST)) sys_futex_wake(&v->asleep, 1);
}
