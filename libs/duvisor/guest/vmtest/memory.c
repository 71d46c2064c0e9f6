/* brk, mmap, munmap, demand zero pages, pointers the kernel must refuse. */
#include "vmtest.h"

#define PAGE 4096UL
#define PROT_RW 3
#define PROT_R 1
#define PRIVATE_ANONYMOUS 0x22

static u8 zeros[64 * PAGE]; /* .bss larger than the file */

static s64 map(u64 size, int prot) { return CALL(mmap, 0, size, prot, PRIVATE_ANONYMOUS, -1, 0); }

void memory(void) {
    for (u64 i = 0; i < sizeof(zeros); i += 512) CHECK(zeros[i] == 0);

    u64 old = (u64)CALL(brk, 0, 0, 0, 0, 0, 0);
    EXPECT(CALL(brk, old + 10 * PAGE + 5, 0, 0, 0, 0, 0), old + 10 * PAGE + 5);
    memset((void *)old, 7, 10 * PAGE);
    EXPECT(CALL(brk, old, 0, 0, 0, 0, 0), old);
    EXPECT(CALL(brk, old + PAGE, 0, 0, 0, 0, 0), old + PAGE);
    CHECK(*(u8 *)old == 0); /* a fresh page */
    EXPECT(CALL(brk, 0x10000, 0, 0, 0, 0, 0), old + PAGE);

    /* A hole in the middle, filled again. */
    s64 at = map(8 * PAGE, PROT_RW);
    CHECK(at > 0);
    u8 *p = (u8 *)at;
    for (u64 i = 0; i < 8; i++) p[i * PAGE] = (u8)(i + 1);
    EXPECT(CALL(munmap, p + 2 * PAGE, 3 * PAGE, 0, 0, 0, 0), 0);
    EXPECT(CALL(write, 1, p + 2 * PAGE, 1, 0, 0, 0), -EFAULT);
    EXPECT(map(3 * PAGE, PROT_RW), at + 2 * (s64)PAGE);
    CHECK(p[2 * PAGE] == 0 && p[PAGE] == 2 && p[5 * PAGE] == 6);
    EXPECT(CALL(munmap, p, 8 * PAGE, 0, 0, 0, 0), 0);

    /* Memory comes back: many times what the machine has, in turns. */
    for (int turn = 0; turn < 40; turn++) {
        u64 size = 16UL << 20;
        at = map(size, PROT_RW);
        CHECK(at > 0);
        for (u64 i = 0; i < size; i += 16 * PAGE) ((u8 *)at)[i] = 1;
        EXPECT(CALL(munmap, at, size, 0, 0, 0, 0), 0);
    }
    for (int i = 0; i < 100; i++) CHECK(map(PAGE, i & 1 ? PROT_RW : PROT_R) > 0 || i > 16);

    EXPECT(map(0, PROT_RW), -EINVAL);
    EXPECT(map(1UL << 40, PROT_RW), -ENOMEM);
    EXPECT(map(~0UL, PROT_RW), -EINVAL);
    EXPECT(CALL(write, 1, 0xFFFFFFC080200000, 1, 0, 0, 0), -EFAULT);
    EXPECT(CALL(write, 1, 0, 1, 0, 0, 0), -EFAULT);
    EXPECT(CALL(clock_gettime, 1, 0x10000, 0, 0, 0, 0), -EFAULT); /* our text: not writable */
    EXPECT(CALL(clock_gettime, 1, ~0UL, 0, 0, 0, 0), -EFAULT);
    EXPECT(syscall(0, 0, 0, 0, 0, 0, 999), -ENOSYS);
    EXPECT(syscall(0, 0, 0, 0, 0, 0, -1), -ENOSYS);
}

void crash(const char *how) {
    if (strcmp(how, "write") == 0) *(volatile u64 *)0x10000 = 1;
    if (strcmp(how, "kernel") == 0) *(volatile u64 *)0xFFFFFFC080200000 = 1;
    if (strcmp(how, "jump") == 0) ((void (*)(void))zeros)();
    if (strcmp(how, "illegal") == 0) __asm__ volatile("csrr t0, satp" ::: "t0");
    if (strcmp(how, "memory") == 0)
        for (;;) {
            u64 at = (u64)map(16UL << 20, PROT_RW);
            for (u64 i = 0; i < 16UL << 20; i += PAGE) *(volatile u8 *)(at + i) = 1;
        }
    fail(how, 0);
}
