/*
 * Requests to other harts. A bit in the target's `events` says what is wanted, a write to its MSIP wakes it; fences are
 * answered before the sender returns. The sender serves its own requests while it waits, so two senders cannot block
 * each other.
 */
#include "firmware.h"

static struct mailbox {
    u32 events;
    u32 fence_lock;  /* held by the hart whose fence request is in `fence` */
    u32 fence_done;
    struct fence_request fence;
} mailboxes[MAX_HARTS];

static void fence_local(const struct fence_request *r) {
    u64 pages = (r->size + 4095) >> 12;
    /* Above this many pages one full flush is cheaper; size 0 or ~0 means everything (SBI 1.0, ch. 8). */
    bool all = r->size == 0 || r->size == ~0UL || pages > 64;
    switch (r->fid) {
    case SBI_RFENCE_FENCE_I: __asm__ volatile("fence.i" ::: "memory"); return;
    case SBI_RFENCE_SFENCE_VMA:
    case SBI_RFENCE_SFENCE_VMA_ASID:
        if (all) __asm__ volatile("sfence.vma zero, zero" ::: "memory");
        else
            for (u64 i = 0; i < pages; i++) __asm__ volatile("sfence.vma %0, zero" ::"r"(r->start + (i << 12)) : "memory");
        return;
    case SBI_RFENCE_HFENCE_GVMA:
    case SBI_RFENCE_HFENCE_GVMA_VMID:
        if (all) __asm__ volatile(".word 0x62000073" ::: "memory"); /* hfence.gvma zero, zero */
        else
            for (u64 i = 0; i < pages; i++)
                __asm__ volatile(".insn r 0x73, 0, 0x31, zero, %0, zero" ::"r"((r->start + (i << 12)) >> 2) : "memory");
        return;
    default: { /* HFENCE.VVMA of the caller's VM: the VMID comes from hgatp, which is the same VM's on every hart that runs it */
        if (all) __asm__ volatile(".word 0x22000073" ::: "memory"); /* hfence.vvma zero, zero */
        else
            for (u64 i = 0; i < pages; i++)
                __asm__ volatile(".insn r 0x73, 0, 0x11, zero, %0, zero" ::"r"(r->start + (i << 12)) : "memory");
    }
    }
}

void ipi_interrupt(void) {
    u32 me = hart_id();
    struct mailbox *m = &mailboxes[me];
    mmio_write32(CLINT_MSIP(me), 0);
    __asm__ volatile("fence" ::: "memory");
    u32 events = __atomic_exchange_n(&m->events, 0, __ATOMIC_ACQ_REL);
    if (events & IPI_SOFT) csr_set(CSR_MIP, BIT(IRQ_SSI));
    if (events & IPI_VPMP) vpmp_program();
    if (events & IPI_FENCE) {
        fence_local(&m->fence);
        __atomic_store_n(&m->fence_done, 1, __ATOMIC_RELEASE);
    }
}

static void post(u32 hart, u32 event) {
    __atomic_fetch_or(&mailboxes[hart].events, event, __ATOMIC_RELEASE);
    __asm__ volatile("fence" ::: "memory");
    mmio_write32(CLINT_MSIP(hart), 1);
}

/* SBI hart masks: bit i stands for hart base + i; base ~0 stands for every hart. */
static bool selected(u64 mask, u64 base, u32 hart) {
    return hsm_is_started(hart) && (base == ~0UL || (hart >= base && hart - base < 64 && (mask >> (hart - base) & 1)));
}

s64 ipi_send(u64 mask, u64 base, u32 event) {
    for (u32 h = 0; h < machine.nr_harts; h++)
        if (selected(mask, base, h)) post(h, event);
    return SBI_SUCCESS;
}

s64 fence_remote(u64 mask, u64 base, const struct fence_request *r) {
    u32 me = hart_id();
    for (u32 h = 0; h < machine.nr_harts; h++) {
        if (!selected(mask, base, h)) continue;
        if (h == me) {
            fence_local(r);
            continue;
        }
        struct mailbox *m = &mailboxes[h];
        while (__atomic_exchange_n(&m->fence_lock, 1, __ATOMIC_ACQUIRE)) ipi_interrupt();
        m->fence = *r;
        m->fence_done = 0;
        post(h, IPI_FENCE);
        while (!__atomic_load_n(&m->fence_done, __ATOMIC_ACQUIRE)) ipi_interrupt();
        __atomic_store_n(&m->fence_lock, 0, __ATOMIC_RELEASE);
    }
    return SBI_SUCCESS;
}
