/* What a process may not do. The fatal ones are run one at a time: `crash=<how>`. */
#include "selftest.h"

#include "kernel/string.h"

void traps(void) {
    EXPECT(syscall(0, 0, 0, 0, 0, 0, 999), -ENOSYS);
    EXPECT(syscall(0, 0, 0, 0, 0, 0, -1), -ENOSYS);
    /* Kernel addresses are nobody's: neither directly (crash=kernel-load) nor through the kernel. */
    EXPECT(CALL(write, 1, 0xFFFFFFC080200000, 8, 0, 0, 0), -EFAULT);
    EXPECT(CALL(clock_gettime, 1, 0xFFFFFFC080200000, 0, 0, 0, 0), -EFAULT);
    EXPECT(CALL(clock_gettime, 1, 0x3ffffffffc, 0, 0, 0, 0), -EFAULT);
    /* User mode sees the counters. */
    u64 a, b;
    __asm__ volatile("rdcycle %0\nrdtime %1\nrdinstret %1" : "=r"(a), "=r"(b));
    CHECK(a && b);
}

void crash(const char *how) {
    static const u32 text[1] = { 0x00000013 };
    if (strcmp(how, "null-store") == 0) __asm__ volatile("sw zero, 8(zero)");
    if (strcmp(how, "text-store") == 0) *(volatile u32 *)(u64)text = 1;
    if (strcmp(how, "kernel-load") == 0) (void)*(volatile u32 *)0xFFFFFFC080200000;
    if (strcmp(how, "data-fetch") == 0) {
        u32 insn[2] = { 0x00000013, 0x00008067 };
        ((void (*)(void))(u64)insn)();
    }
    if (strcmp(how, "illegal") == 0) __asm__ volatile(".word 0");
    if (strcmp(how, "csr") == 0) __asm__ volatile("csrr t0, sstatus" ::: "t0");
    if (strcmp(how, "sret") == 0) __asm__ volatile("sret");
    if (strcmp(how, "breakpoint") == 0) __asm__ volatile("ebreak");
    if (strcmp(how, "stack") == 0) __asm__ volatile("mv sp, zero\nsd zero, (sp)");
    fail("still alive", 0);
}
