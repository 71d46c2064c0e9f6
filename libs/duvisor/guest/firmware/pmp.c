/*
 * Physical memory protection and its extension to virtual machines (vPMP, dv-ext.md 5.3).
 *
 *   entry 0       the firmware itself: closed
 *   entries 1-14  vpmp=perVm: pairs (base, top) of the areas of the set that is switched in, with the V bit
 *   entry 15      everything: read, write, execute; V bit only with vpmp=open
 */
#include "firmware.h"

#define PMP_R 0x01
#define PMP_W 0x02
#define PMP_X 0x04
#define PMP_TOR 0x08
#define PMP_NAPOT 0x18
#define PMP_V 0x20
#define PMP_RWX (PMP_R | PMP_W | PMP_X)

#define PAIRS 7     /* area entries per set */
#define MAX_SETS 32

static struct area {
    u64 base, end; /* end 0: free */
} areas[MAX_SETS][PAIRS];
static u32 areas_lock;

/* The set switched in on each hart; MAX_SETS = none. */
static u32 active[MAX_HARTS] = { [0 ... MAX_HARTS - 1] = MAX_SETS };

static void write_pmpaddr(u32 n, u64 v) {
#define CASE(i) case i: csr_write(CSR_PMPADDR##i, v); break
    switch (n) {
    CASE(0); CASE(1); CASE(2); CASE(3); CASE(4); CASE(5); CASE(6); CASE(7);
    CASE(8); CASE(9); CASE(10); CASE(11); CASE(12); CASE(13); CASE(14); CASE(15);
    }
#undef CASE
}

/* A changed permission is seen only after every cached translation is gone (dv-ext.md 5.3). */
static void flush(void) {
    __asm__ volatile("sfence.vma zero, zero\n.word 0x62000073 # hfence.gvma\n.word 0x22000073 # hfence.vvma" ::: "memory");
}

void pmp_setup(void) {
    u64 all = PMP_NAPOT | PMP_RWX;
    if (machine.dv_ext && machine.vpmp == VPMP_OPEN) all |= PMP_V;
    csr_write(CSR_PMPADDR0, RAM_BASE >> 2 | (FIRMWARE_SIZE / 8 - 1));
    csr_write(CSR_PMPADDR15, ~0UL >> 10);
    csr_write(CSR_PMPCFG0, PMP_NAPOT);
    csr_write(CSR_PMPCFG2, all << 56);
    flush();
}

/* Write this hart's entries 1-14 from its active set. */
void vpmp_program(void) {
    u64 cfg[2] = { PMP_NAPOT, (u64)(PMP_NAPOT | PMP_RWX) << 56 };
    u32 set = active[hart_id()];
    for (u32 i = 0; i < PAIRS && set < MAX_SETS; i++) {
        struct area a = areas[set][i];
        u32 top = 2 + 2 * i;
        write_pmpaddr(top - 1, a.base >> 2);
        write_pmpaddr(top, a.end >> 2);
        if (a.end) cfg[top / 8] |= (u64)(PMP_TOR | PMP_RWX | PMP_V) << (8 * (top % 8));
    }
    csr_write(CSR_PMPCFG0, cfg[0]);
    csr_write(CSR_PMPCFG2, cfg[1]);
    flush();
}

static s64 change(struct area *set, u64 from_base, u64 from_end, struct area to) {
    for (u32 i = 0; i < PAIRS; i++) {
        if (set[i].base != from_base || set[i].end != from_end) continue;
        set[i] = to;
        return SBI_SUCCESS;
    }
    return SBI_ERR_FAILED;
}

static void lock(void) {
    while (__atomic_exchange_n(&areas_lock, 1, __ATOMIC_ACQUIRE)) ipi_interrupt();
}
static void unlock(void) { __atomic_store_n(&areas_lock, 0, __ATOMIC_RELEASE); }

/* SBI extension 0x09. With vpmp=open or absent there is nothing to program and the calls only check their arguments. */
s64 vpmp_call(u64 fid, u64 base, u64 length, u64 set) {
    if (!machine.dv_ext) return SBI_ERR_NOT_SUPPORTED;
    if (fid == SBI_VPMP_SWITCH) {
        if (set != SBI_VPMP_NO_SET && set >= MAX_SETS) return SBI_ERR_INVALID_PARAM;
        active[hart_id()] = set == SBI_VPMP_NO_SET ? MAX_SETS : (u32)set;
        if (machine.vpmp == VPMP_PER_VM) vpmp_program();
        return SBI_SUCCESS;
    }
    if (fid != SBI_VPMP_ADD && fid != SBI_VPMP_REMOVE) return SBI_ERR_NOT_SUPPORTED;
    if (set >= MAX_SETS || length == 0 || (base | length) & 0xfff) return SBI_ERR_INVALID_PARAM;
    if (base + length < base || base < RAM_BASE + FIRMWARE_SIZE) return SBI_ERR_INVALID_ADDRESS;
    struct area a = { base, base + length }, none = { 0, 0 };
    lock();
    s64 error = fid == SBI_VPMP_ADD ? change(areas[set], 0, 0, a) : change(areas[set], a.base, a.end, none);
    unlock();
    if (error == SBI_SUCCESS && machine.vpmp == VPMP_PER_VM) ipi_send(0, ~0UL, IPI_VPMP);
    return error;
}
