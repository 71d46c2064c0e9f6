/*
 * Smoke test of a hypervisor: every integer load and store form on the serial port, SBI calls, a timer interrupt, WFI.
 * Prints what is wrong and ends with BARE_WRONG_RESULT; else "hello: ok". With `fault=<what>` in bootargs it does what no
 * hypervisor lets it do, and must not live to tell.
 */
#include "bare.h"
#include "csr.h"
#include "guest_sbi.h"

/*
 * The serial port's eight byte registers at 0x3F8. After the stores below they read, from offset 0:
 * 00 0A 01 07 1F 60 B0 85 (RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR).
 */
#define UART 0x3F8
#define ALL 0x85B0601F07010A00ul

static u64 failures;

static void expect(const char *what, u64 found, u64 expected) {
    if (found == expected) return;
    say("hello: %s: found 0x%lx, expected 0x%lx\n", what, found, expected);
    failures++;
}

#define LOAD(insn, offset)                                                                                              \
    ({                                                                                                                  \
        u64 value_;                                                                                                     \
        asm volatile(insn " %0, " #offset "(%1)" : "=r"(value_) : "r"(UART) : "memory");                                \
        value_;                                                                                                         \
    })
#define STORE(insn, offset, value) asm volatile(insn " %0, " #offset "(%1)" ::"r"(value), "r"(UART) : "memory")

/* Compressed loads name registers x8..x15; the stack-relative ones use sp as base. */
#define C_LOAD(insn, offset)                                                                                            \
    ({                                                                                                                  \
        register u64 value_ asm("a4");                                                                                  \
        register u64 base_ asm("a5") = UART;                                                                            \
        asm volatile(insn " %0, " #offset "(%1)" : "=r"(value_) : "r"(base_) : "memory");                               \
        value_;                                                                                                         \
    })
#define C_LOADSP(insn, offset)                                                                                          \
    ({                                                                                                                  \
        register u64 value_ asm("a4");                                                                                  \
        register u64 base_ asm("a5") = UART;                                                                            \
        asm volatile("mv t0, sp; mv sp, %1; " insn " %0, " #offset "(sp); mv sp, t0"                                    \
                     : "=r"(value_)                                                                                     \
                     : "r"(base_)                                                                                       \
                     : "t0", "memory");                                                                                 \
        value_;                                                                                                         \
    })
#define C_STORE(insn, offset, value)                                                                                    \
    do {                                                                                                                \
        register u64 value_ asm("a4") = (value);                                                                        \
        register u64 base_ asm("a5") = UART;                                                                            \
        asm volatile(insn " %0, " #offset "(%1)" ::"r"(value_), "r"(base_) : "memory");                                 \
    } while (0)
#define C_STORESP(insn, offset, value)                                                                                  \
    do {                                                                                                                \
        register u64 value_ asm("a4") = (value);                                                                        \
        register u64 base_ asm("a5") = UART;                                                                            \
        asm volatile("mv t0, sp; mv sp, %1; " insn " %0, " #offset "(sp); mv sp, t0" ::"r"(value_), "r"(base_)          \
                     : "t0", "memory");                                                                                 \
    } while (0)

static void check_loads(void) {
    expect("lb", LOAD("lb", 7), 0xFFFFFFFFFFFFFF85);
    expect("lbu", LOAD("lbu", 7), 0x85);
    expect("lh", LOAD("lh", 6), 0xFFFFFFFFFFFF85B0);
    expect("lhu", LOAD("lhu", 6), 0x85B0);
    expect("lw", LOAD("lw", 4), 0xFFFFFFFF85B0601F);
    expect("lwu", LOAD("lwu", 4), 0x85B0601F);
    expect("ld", LOAD("ld", 0), ALL);
    expect("c.lw", C_LOAD("c.lw", 4), 0xFFFFFFFF85B0601F);
    expect("c.ld", C_LOAD("c.ld", 0), ALL);
    expect("c.lwsp", C_LOADSP("c.lwsp", 4), 0xFFFFFFFF85B0601F);
    expect("c.ldsp", C_LOADSP("c.ldsp", 0), ALL);
}

static u64 scratch_byte(void) { return LOAD("lbu", 7); }

/* Each store form in turn changes the scratch register; a doubleword also sends its low byte to the console. */
static void check_stores(void) {
    STORE("sh", 6, 0x1100);
    expect("sh", scratch_byte(), 0x11);
    STORE("sw", 4, 0x2200001F);
    expect("sw", scratch_byte(), 0x22);
    STORE("sd", 0, 0x3300001F07000A00ul | '.');
    expect("sd", scratch_byte(), 0x33);
    C_STORE("c.sw", 4, 0x4400001F);
    expect("c.sw", scratch_byte(), 0x44);
    C_STORE("c.sd", 0, 0x5500001F07000A00ul | '.');
    expect("c.sd", scratch_byte(), 0x55);
    C_STORESP("c.swsp", 4, 0x6600001F);
    expect("c.swsp", scratch_byte(), 0x66);
    C_STORESP("c.sdsp", 0, 0x7700001F07000A00ul | '.');
    expect("c.sdsp", scratch_byte(), 0x77);
    STORE("sb", 7, 0x85);
    expect("sb", scratch_byte(), 0x85);
}

static volatile u64 timer_interrupts;
static volatile u64 last_cause;

/* VSTIP stays up until the next set_timer call. */
static __attribute__((interrupt("supervisor"), aligned(4))) void on_trap(void) {
    last_cause = csr_read(CSR_SCAUSE);
    timer_interrupts++;
    sbi_call(SBI_LEGACY_SET_TIMER, 0, ~0ul);
}

static void expect_timer_interrupt(const char *what, bool wait_asleep) {
    u64 before = timer_interrupts;
    sbi_call(SBI_LEGACY_SET_TIMER, 0, csr_read(CSR_TIME) + 20);
    while (timer_interrupts == before)
        if (wait_asleep) asm volatile("wfi");
    expect(what, last_cause, CAUSE_INTERRUPT | IRQ_STI);
}

static void check_timer(void) {
    csr_write(CSR_STVEC, (u64)on_trap);
    csr_set(CSR_SIE, 1 << IRQ_STI);
    csr_set(CSR_SSTATUS, SSTATUS_SIE);
    expect_timer_interrupt("timer while spinning", false);
    expect_timer_interrupt("timer in wfi", true);
    csr_clear(CSR_SSTATUS, SSTATUS_SIE);
}

/* An atomic on a device, an address with no device, an address above RAM. */
static void misbehave(const char *args) {
    if (has_word(args, "fault=atomic")) asm volatile("amoadd.w zero, zero, (%0)" ::"r"(UART) : "memory");
    else if (has_word(args, "fault=hole")) asm volatile("lbu zero, 0(%0)" ::"r"(0x5000) : "memory");
    else if (has_word(args, "fault=null")) asm volatile("lbu zero, 0(%0)" ::"r"(0) : "memory");
    else if (has_word(args, "fault=beyond")) asm volatile("lbu zero, 0(%0)" ::"r"(0xF0000000ul) : "memory");
    else return;
    expect("life after a fault", 1, 0);
}

int main(const void *device_tree) {
    struct fdt tree;
    if (!fdt_open(&tree, device_tree)) return BARE_BAD_ARGUMENTS;
    misbehave(boot_arguments(&tree));
    say("hello: device tree of %u bytes\n", tree.total_size);

    expect("null hypercall", sbi_call(SBI_NULL_HYPERCALL, 0, 1).error, 0);
    expect("unknown call", sbi_call(0x0CFFFFFF, 0, 1).error, SBI_ERR_NOT_SUPPORTED);

    STORE("sb", 1, 0x0A);
    STORE("sb", 2, 0x00);
    STORE("sb", 3, 0x07);
    STORE("sb", 4, 0x1F);
    STORE("sb", 7, 0x85);
    check_loads();
    check_stores();
    check_timer();
    say("\nhello: %s\n", failures ? "failed" : "ok");
    return failures ? BARE_WRONG_RESULT : BARE_OK;
}
