/* SBI HSM: which harts run, and how a parked one is started. */
#include "firmware.h"

static struct hart_state {
    u32 status; /* SBI_HSM_* */
    u64 start, opaque;
} states[MAX_HARTS] = { [0 ... MAX_HARTS - 1] = { .status = SBI_HSM_STOPPED } };

void hsm_mark_started(u32 hart) { states[hart].status = SBI_HSM_STARTED; }
bool hsm_is_started(u32 hart) { return __atomic_load_n(&states[hart].status, __ATOMIC_ACQUIRE) == SBI_HSM_STARTED; }

/* Wait for a start request, then enter HS-mode as SBI 1.0 9.1 says: a0 = hart id, a1 = opaque, satp 0, SIE 0. */
void hsm_park(void) {
    u32 me = hart_id();
    struct hart_state *s = &states[me];
    csr_write(CSR_MIE, BIT(IRQ_MSI));
    while (__atomic_load_n(&s->status, __ATOMIC_ACQUIRE) != SBI_HSM_START_PENDING) __asm__ volatile("wfi");
    mmio_write32(CLINT_MSIP(me), 0);
    hart_setup();
    __atomic_store_n(&s->status, SBI_HSM_STARTED, __ATOMIC_RELEASE);
    csr_write(CSR_MSCRATCH, (u64)stacks + ((u64)(me + 1) << STACK_SHIFT));
    enter_supervisor(me, s->opaque, s->start);
}

static s64 start(u64 hart, u64 address, u64 opaque) {
    if (hart >= machine.nr_harts) return SBI_ERR_INVALID_PARAM;
    if (address < RAM_BASE + FIRMWARE_SIZE) return SBI_ERR_INVALID_ADDRESS;
    struct hart_state *s = &states[hart];
    if (__atomic_load_n(&s->status, __ATOMIC_ACQUIRE) != SBI_HSM_STOPPED) return SBI_ERR_ALREADY_AVAILABLE;
    s->start = address;
    s->opaque = opaque;
    __atomic_store_n(&s->status, SBI_HSM_START_PENDING, __ATOMIC_RELEASE);
    __asm__ volatile("fence" ::: "memory");
    mmio_write32(CLINT_MSIP(hart), 1);
    return SBI_SUCCESS;
}

struct sbi_return hsm_call(u64 fid, u64 a0, u64 a1, u64 a2) {
    switch (fid) {
    case SBI_HSM_START: return (struct sbi_return){ start(a0, a1, a2), 0 };
    case SBI_HSM_STOP:
        states[hart_id()].status = SBI_HSM_STOPPED;
        hsm_park();
    case SBI_HSM_STATUS:
        if (a0 >= machine.nr_harts) return (struct sbi_return){ SBI_ERR_INVALID_PARAM, 0 };
        return (struct sbi_return){ SBI_SUCCESS, states[a0].status };
    default: return (struct sbi_return){ SBI_ERR_NOT_SUPPORTED, 0 };
    }
}
