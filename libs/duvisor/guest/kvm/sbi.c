/* SBI calls of the guest: a table of extensions searched in order (Linux: arch/riscv/kvm/vcpu_sbi*.c). */
#include "guest_sbi.h"

#include "csr.h"
#include "errno.h"
#include "kvm/kvm.h"

enum { A0 = 10, A1 = 11, A6 = 16, A7 = 17 };

/* What a handler may ask for beside its Linux error code. */
struct sbi_outcome {
    u64 value;     /* to a1 */
    bool to_user;  /* leave for the VMM; run->exit_reason is set */
};

struct sbi_extension {
    u64 first, last; /* a7 */
    int (*handler)(struct kvm_vcpu *v, struct sbi_outcome *out);
};

static void forward(struct kvm_vcpu *v, struct sbi_outcome *out) {
    struct kvm_run *run = v->run;
    v->sbi_pending = true;
    v->stat.hypercall_user++;
    run->exit_reason = KVM_EXIT_RISCV_SBI;
    run->riscv_sbi.extension_id = v->guest.x[A7];
    run->riscv_sbi.function_id = v->guest.x[A6];
    for (int i = 0; i < 6; i++) run->riscv_sbi.args[i] = v->guest.x[A0 + i];
    run->riscv_sbi.ret[0] = v->guest.x[A0];
    run->riscv_sbi.ret[1] = v->guest.x[A1];
    out->to_user = true;
}

static void system_event(struct kvm_vcpu *v, u32 type, u64 reason, struct sbi_outcome *out) {
    v->run->exit_reason = KVM_EXIT_SYSTEM_EVENT;
    v->run->system_event.type = type;
    v->run->system_event.ndata = 1;
    v->run->system_event.data[0] = reason;
    out->to_user = true;
}

static int legacy_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    switch (v->guest.x[A7]) {
    case SBI_LEGACY_PUTCHAR:
    case SBI_LEGACY_GETCHAR: forward(v, out); return 0;
    case SBI_LEGACY_SET_TIMER: vcpu_timer_next_event(v, v->guest.x[A0]); return 0;
    case SBI_LEGACY_CLEAR_IPI: unset_interrupt(v, IRQ_VSSI); return 0;
    case SBI_LEGACY_SHUTDOWN: system_event(v, KVM_SYSTEM_EVENT_SHUTDOWN, 0, out); return 0;
    default: return -EOPNOTSUPP;
    }
}

static int base_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    (void)v;
    switch (v->guest.x[A6]) {
    case SBI_BASE_SPEC_VERSION: out->value = 1 << 24; return 0;
    case SBI_BASE_IMPL_ID: out->value = 3; return 0; /* KVM */
    case SBI_BASE_IMPL_VERSION: out->value = 6 << 16 | 1 << 8; return 0;
    case SBI_BASE_PROBE:
    case SBI_BASE_MVENDORID:
    case SBI_BASE_MARCHID:
    case SBI_BASE_MIMPID: return 0;
    default: return -EOPNOTSUPP;
    }
}

/* The project's markers. The published KVM had such a handler added, too; stock Linux does not know these calls. */
static int measure_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    switch (v->guest.x[A7]) {
    case SBI_NULL_HYPERCALL:
    case SBI_MEASURE_START:
    case SBI_MEASURE_END: out->value = 0; return 0;
    default: return -EOPNOTSUPP;
    }
}

static int time_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    (void)out;
    if (v->guest.x[A6] != 0) return -EOPNOTSUPP;
    vcpu_timer_next_event(v, v->guest.x[A0]);
    return 0;
}

static int reset_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    u64 type = v->guest.x[A0], reason = v->guest.x[A1];
    if (v->guest.x[A6] != 0 || type > 2) return -EOPNOTSUPP;
    system_event(v, type == 0 ? KVM_SYSTEM_EVENT_SHUTDOWN : KVM_SYSTEM_EVENT_RESET, reason, out);
    return 0;
}

static int forward_handler(struct kvm_vcpu *v, struct sbi_outcome *out) {
    forward(v, out);
    return 0;
}

static const struct sbi_extension extensions[] = {
    {SBI_LEGACY_SET_TIMER, SBI_LEGACY_SHUTDOWN, legacy_handler},
    {SBI_EXT_BASE, SBI_EXT_BASE, base_handler},
    {SBI_MEASURE_START, SBI_NULL_HYPERCALL, measure_handler},
    {SBI_EXT_TIME, SBI_EXT_TIME, time_handler},
    {SBI_EXT_SRST, SBI_EXT_SRST, reset_handler},
    {SBI_TEST_PASSED, SBI_TEST_FAILED, forward_handler},
    {0x08000000, 0x08FFFFFF, forward_handler}, /* experimental */
    {0x09000000, 0x09FFFFFF, forward_handler}, /* vendor */
};

static const struct sbi_extension *find_extension(u64 id) {
    for (u32 i = 0; i < ARRAY_SIZE(extensions); i++)
        if (extensions[i].first <= id && id <= extensions[i].last) return &extensions[i];
    return NULL;
}

static u64 sbi_error(int error) {
    switch (error) {
    case 0: return SBI_SUCCESS;
    case -EPERM: return SBI_ERR_DENIED;
    case -EINVAL: return SBI_ERR_INVALID_PARAM;
    case -EFAULT: return SBI_ERR_INVALID_ADDRESS;
    case -EOPNOTSUPP: return SBI_ERR_NOT_SUPPORTED;
    default: return SBI_ERR_FAILED;
    }
}

/* ecall from VS-mode: 1 = answered here, 0 = the VMM is asked. */
int sbi_ecall(struct kvm_vcpu *v) {
    PHASE(handling);
    STEP(kvm_riscv_vcpu_sbi_ecall);
    struct cpu_context *guest = &v->guest;
    u64 id = guest->x[A7];
    const struct sbi_extension *extension = find_extension(id);
    if (!extension) {
        guest->x[A0] = SBI_ERR_NOT_SUPPORTED;
        guest->sepc += 4;
        return 1;
    }
    struct sbi_outcome out = {0, false};
    int error;
    STEP_CALL(kvm_sbi_ext_handler, kvm_riscv_vcpu_sbi_ecall, error = extension->handler(v, &out));
    /* The VMM's answer and the step over the instruction follow in sbi_return(). */
    if (out.to_user) return 0;
    guest->x[A0] = sbi_error(error);
    guest->sepc += 4;
    if (id > SBI_LEGACY_SHUTDOWN) guest->x[A1] = out.value; /* legacy calls leave a1 alone */
    return 1;
}

/* The VMM has answered a forwarded call. */
void sbi_return(struct kvm_vcpu *v) {
    if (!v->sbi_pending) return;
    v->sbi_pending = false;
    v->guest.x[A0] = v->run->riscv_sbi.ret[0];
    v->guest.x[A1] = v->run->riscv_sbi.ret[1];
    v->guest.sepc += 4;
}
