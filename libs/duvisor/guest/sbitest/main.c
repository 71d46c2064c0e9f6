/* Checks the firmware from HS-mode, in the host kernel's place: SBI calls, PMP, traps handed on, several harts. */
#include "csr.h"
#include "fdt.h"
#include "memlayout.h"
#include "sbi-abi.h"
#include "kernel/sbi.h"
#include "kernel/string.h"

#define MAX_HARTS 8
#define STACK 4096

/* start.S; the first four written by trap_entry. */
volatile struct {
    u64 cause, tval, epc, interrupts;
} seen;
extern char second_start[];

static u64 boot_hart, nr_harts, timebase;
static char stacks[MAX_HARTS][STACK] __attribute__((aligned(16)));
static volatile u64 arrived, kicked, go_home;

static void say(const char *s) {
    while (*s) sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)*s++, 0, 0, 0, 0);
}

static void finish(u32 code) {
    *(volatile u32 *)TEST_FINISHER_BASE = code ? code << 16 | FINISHER_FAIL : FINISHER_PASS;
    for (;;) __asm__ volatile("wfi");
}

static void fail(const char *what) {
    say("sbitest failed: ");
    say(what);
    say("\n");
    finish(1);
}

#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define CHECK(condition) do { if (!(condition)) fail(TEXT(__LINE__) ": " #condition); } while (0)

static struct sbi_result call(u64 ext, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3) { return sbi_call(ext, fid, a0, a1, a2, a3, 0); }
static s64 probe(u64 ext) { return call(SBI_EXT_BASE, SBI_BASE_PROBE, ext, 0, 0, 0).value; }

static void base(void) {
    CHECK(call(SBI_EXT_BASE, SBI_BASE_SPEC_VERSION, 0, 0, 0, 0).value == 0x01000000);
    CHECK(probe(SBI_EXT_TIME) && probe(SBI_EXT_IPI) && probe(SBI_EXT_RFENCE) && probe(SBI_EXT_HSM) && probe(SBI_EXT_SRST));
    CHECK(probe(SBI_EXT_VPMP) && probe(SBI_LEGACY_PUTCHAR) && !probe(0x4442434E) && !probe(0x12345));
    CHECK(call(0x12345, 0, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED);
    CHECK(call(SBI_EXT_BASE, 99, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED);
    CHECK(call(SBI_EXT_TIME, 1, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED);
    CHECK(call(SBI_EXT_SRST, 0, 9, 0, 0, 0).error == SBI_ERR_INVALID_PARAM);
    /* An extension call may change a0 and a1 only; a legacy call a0 only. */
    register u64 a0 __asm__("a0") = ~0UL, a1 __asm__("a1") = 77, a7 __asm__("a7") = SBI_LEGACY_SET_TIMER;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a7) : "memory");
    CHECK(a0 == 0 && a1 == 77);
}

static u64 rdtime(void) {
    u64 t;
    __asm__ volatile("rdtime %0" : "=r"(t));
    return t;
}

static void timer(void) {
    csr_set(CSR_SIE, BIT(IRQ_STI));
    u64 deadline = rdtime() + timebase / 500; /* 2 ms: a slow emulator looks first */
    sbi_set_timer(deadline);
    CHECK(!(csr_read(CSR_SIP) & BIT(IRQ_STI)));
    while (!(csr_read(CSR_SIP) & BIT(IRQ_STI))) {}
    CHECK(rdtime() >= deadline);
    u64 before = seen.interrupts;
    csr_set(CSR_SSTATUS, SSTATUS_SIE);
    csr_clear(CSR_SSTATUS, SSTATUS_SIE);
    CHECK(seen.interrupts == before + 1 && seen.cause == (CAUSE_INTERRUPT | IRQ_STI));
    sbi_set_timer(~0UL);
    CHECK(!(csr_read(CSR_SIP) & BIT(IRQ_STI)));
}

/* Traps that M-mode keeps come back to HS; 4-byte instructions, which trap_entry skips. */
static void handed_on(void) {
    seen.cause = 0;
    __asm__ volatile(".option push\n.option norvc\ncsrr t0, mstatus\n.option pop" ::: "t0", "t5", "t6", "memory");
    CHECK(seen.cause == CAUSE_ILLEGAL);
    seen.cause = 0;
    __asm__ volatile(".option push\n.option norvc\nlw t0, (%0)\n.option pop" ::"r"((u64)RAM_BASE) : "t0", "t5", "t6", "memory");
    CHECK(seen.cause == CAUSE_LOAD_ACCESS && seen.tval == RAM_BASE);
    seen.cause = 0;
    __asm__ volatile(".option push\n.option norvc\nsw zero, (%0)\n.option pop" ::"r"(RAM_BASE + 0x3fffcUL) : "t5", "t6", "memory");
    CHECK(seen.cause == CAUSE_STORE_ACCESS && seen.tval == RAM_BASE + 0x3fffc);
    /* The first word behind the firmware's range is ours. */
    volatile u32 *open = (u32 *)(RAM_BASE + 0x40000UL);
    *open = 5;
    CHECK(*open == 5);
    CHECK(!(csr_read(CSR_HSTATUS) & HSTATUS_SPV));
}

static void vpmp(bool dv_ext) {
    s64 missing = dv_ext ? 0 : SBI_ERR_NOT_SUPPORTED;
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, 0x81000000, 0x1000, 3, 0).error == missing);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_SWITCH, 3, 0, 0, 0).error == missing);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_SWITCH, SBI_VPMP_NO_SET, 0, 0, 0).error == missing);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_REMOVE, 0x81000000, 0x1000, 3, 0).error == missing);
    if (!dv_ext) return;
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_REMOVE, 0x81000000, 0x1000, 3, 0).error == SBI_ERR_FAILED);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, 0x81000001, 0x1000, 3, 0).error == SBI_ERR_INVALID_PARAM);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, 0x81000000, 0x1000, 32, 0).error == SBI_ERR_INVALID_PARAM);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, RAM_BASE, 0x1000, 3, 0).error == SBI_ERR_INVALID_ADDRESS);
    CHECK(call(SBI_EXT_VPMP, 9, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED);
    for (u64 i = 0; i < 7; i++) CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, 0x81000000 + i * 0x2000, 0x1000, 3, 0).error == 0);
    CHECK(call(SBI_EXT_VPMP, SBI_VPMP_ADD, 0x82000000, 0x1000, 3, 0).error == SBI_ERR_FAILED); /* full */
}

/* HSM: runs until told to go, then stops its hart. */
void second_main(u64 hart) {
    __atomic_fetch_or(&arrived, BIT(hart), __ATOMIC_SEQ_CST);
    csr_set(CSR_SIE, BIT(IRQ_SSI));
    while (!__atomic_load_n(&go_home, __ATOMIC_ACQUIRE)) {
        __asm__ volatile("wfi");
        if (!(csr_read(CSR_SIP) & BIT(IRQ_SSI))) continue;
        csr_clear(CSR_SIP, BIT(IRQ_SSI));
        __atomic_fetch_or(&kicked, BIT(hart), __ATOMIC_SEQ_CST);
    }
    call(SBI_EXT_HSM, SBI_HSM_STOP, 0, 0, 0, 0);
    fail("hart_stop returned");
}

static s64 status(u64 hart) { return call(SBI_EXT_HSM, SBI_HSM_STATUS, hart, 0, 0, 0).value; }

static void wait_for(volatile u64 *word, u64 value) {
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != value) {}
}

static void others(void) {
    u64 rest = (BIT(nr_harts) - 1) & ~BIT(boot_hart);
    CHECK(status(boot_hart) == SBI_HSM_STARTED);
    CHECK(call(SBI_EXT_HSM, SBI_HSM_STATUS, nr_harts, 0, 0, 0).error == SBI_ERR_INVALID_PARAM);
    CHECK(call(SBI_EXT_HSM, SBI_HSM_START, nr_harts, (u64)second_start, 0, 0).error == SBI_ERR_INVALID_PARAM);
    CHECK(call(SBI_EXT_HSM, SBI_HSM_START, boot_hart, (u64)second_start, 0, 0).error == SBI_ERR_ALREADY_AVAILABLE);
    for (int round = 0; round < 2; round++) {
        arrived = kicked = go_home = 0;
        for (u64 h = 0; h < nr_harts; h++) {
            if (h == boot_hart) continue;
            CHECK(status(h) == SBI_HSM_STOPPED);
            CHECK(call(SBI_EXT_HSM, SBI_HSM_START, h, RAM_BASE, 0, 0).error == SBI_ERR_INVALID_ADDRESS);
            CHECK(call(SBI_EXT_HSM, SBI_HSM_START, h, (u64)second_start, (u64)stacks[h] + STACK, 0).error == 0);
        }
        wait_for(&arrived, rest);
        sbi_send_ipi(rest);
        wait_for(&kicked, rest);
        /* Answered by every hart before the call returns. */
        CHECK(sbi_remote_fence_i(rest) == 0);
        CHECK(sbi_remote_sfence_vma(rest, 0x1000, 0x3000) == 0);
        CHECK(call(SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_GVMA, 0, ~0UL, 0, ~0UL).error == 0);
        CHECK(call(SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_VVMA, 0, ~0UL, 0x1000, 0x1000).error == 0);
        CHECK(call(SBI_EXT_RFENCE, 7, 0, 0, 0, 0).error == SBI_ERR_NOT_SUPPORTED);
        __atomic_store_n(&go_home, 1, __ATOMIC_RELEASE);
        sbi_send_ipi(rest);
        for (u64 h = 0; h < nr_harts; h++)
            while (h != boot_hart && status(h) != SBI_HSM_STOPPED) {}
    }
    /* An IPI to oneself. */
    sbi_send_ipi(BIT(boot_hart));
    CHECK(csr_read(CSR_SIP) & BIT(IRQ_SSI));
    csr_clear(CSR_SIP, BIT(IRQ_SSI));
    CHECK(!(csr_read(CSR_SIP) & BIT(IRQ_SSI)));
}

void main(u64 hart, const void *device_tree) {
    struct fdt t;
    boot_hart = hart;
    if (!fdt_open(&t, device_tree)) fail("no device tree");
    int cpus = fdt_child(&t, fdt_root(&t), "cpus");
    bool dv_ext = false;
    timebase = fdt_number(&t, cpus, "timebase-frequency", 0);
    for (int c = fdt_first_child(&t, cpus); c >= 0; c = fdt_next_sibling(&t, c)) {
        if (strncmp(fdt_name(&t, c), "cpu@", 4)) continue;
        nr_harts++;
        if (fdt_property(&t, c, "dv-ext", NULL)) dv_ext = true;
    }
    base();
    timer();
    handed_on();
    vpmp(dv_ext);
    others();
    say("sbitest ok\n");
    call(SBI_EXT_SRST, 0, 0, 0, 0, 0); /* shutdown */
    fail("shutdown returned");
}
