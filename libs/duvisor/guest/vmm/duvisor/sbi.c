/*
 * SBI calls of the guest (duvisor.md §6): the legacy calls and the project's markers. Anything else is "not supported",
 * so that guests see SBI 0.1. One vCPU: fences and IPIs concern this hart alone and need no kernel.
 */
#include "probe.h"
#include "csr.h"
#include "guest_access.h"
#include "guest_sbi.h"
#include "vcpu.h"

enum { A0 = 10, A7 = 17 };

static void set_timer(struct vcpu *v, u64 deadline) {
    virq_clear(v, IRQ_VSTI);
    csr_write(CSR_VTIMECMP, deadline);
    csr_write(CSR_VTIMECTL, 1);
}

static enum vcpu_next stop(struct vcpu *v, int code) {
    vm_stop(v->vm, code);
    return VCPU_STOP;
}

enum vcpu_next on_ecall(struct vcpu *v) {
    PHASE(handling);
    STEP(sbi);
    u64 argument = v->x[A0];
    v->uepc += 4;
    switch (v->x[A7]) {
    case SBI_NULL_HYPERCALL:
    case SBI_MEASURE_START:
    case SBI_MEASURE_END: v->x[A0] = 0; break;
    case SBI_LEGACY_SET_TIMER: set_timer(v, argument); break;
    case SBI_LEGACY_PUTCHAR:
        console_put(argument);
        v->x[A0] = 0;
        break;
    case SBI_LEGACY_GETCHAR: v->x[A0] = -1; break; /* no console input yet */
    case SBI_LEGACY_SEND_IPI:
        if (hulv_d(argument) & 1) virq_set(v, IRQ_VSSI);
        v->x[A0] = 0;
        break;
    case SBI_LEGACY_REMOTE_FENCE_I:
        asm volatile("fence.i" ::: "memory");
        v->x[A0] = 0;
        break;
    case SBI_LEGACY_REMOTE_SFENCE:
    case SBI_LEGACY_REMOTE_SFENCE_ASID:
        hufence_vvma_all();
        v->x[A0] = 0;
        break;
    case SBI_LEGACY_SHUTDOWN:
    case SBI_TEST_PASSED: return stop(v, 0);
    case SBI_TEST_FAILED: return stop(v, argument - 1 < 255 ? argument : 1);
    default: v->x[A0] = SBI_ERR_NOT_SUPPORTED; break;
    }
    return VCPU_RESUME;
}
