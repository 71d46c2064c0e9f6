/* Demand paging, mmap, munmap, mprotect; pages come back zeroed. */
#include "selftest.h"

#define PAGE 4096
#define MAP(addr, size, flags) CALL(mmap, addr, size, PROT_RW, flags, -1, 0)

static volatile u8 bss[64 * PAGE];
static volatile u64 initialised = 0x1122334455667788;

/* Asked of the kernel: a bad page is EFAULT to openat, a good one at worst a bad name. */
static bool readable(volatile void *p) { return CALL(openat, -100, p, 0, 0, 0, 0) != -EFAULT; }

void memory(void) {
    CHECK(initialised == 0x1122334455667788);
    for (u64 i = 0; i < sizeof(bss); i += PAGE) CHECK(bss[i] == 0); /* the shared page of zeros */
    for (u64 i = 0; i < sizeof(bss); i += PAGE) bss[i] = (u8)(i / PAGE + 1);
    for (u64 i = 0; i < sizeof(bss); i += PAGE) CHECK(bss[i] == (u8)(i / PAGE + 1) && bss[i + 1] == 0);

    EXPECT(MAP(0, 0, MAP_PRIVATE_ANONYMOUS), -EINVAL);
    EXPECT(MAP(0, ~0UL - 8191, MAP_PRIVATE_ANONYMOUS), -ENOMEM);
    EXPECT(MAP(0, 1UL << 38, MAP_PRIVATE_ANONYMOUS), -ENOMEM);
    EXPECT(MAP(1, PAGE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED), -EINVAL);
    EXPECT(MAP(0x3ffffff000, 2 * PAGE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED), -EINVAL);
    EXPECT(CALL(munmap, 1, PAGE, 0, 0, 0, 0), -EINVAL);

    volatile u8 *a = (u8 *)MAP(0, 64 * PAGE, MAP_PRIVATE_ANONYMOUS), *b = (u8 *)MAP(0, PAGE, MAP_PRIVATE_ANONYMOUS);
    CHECK((s64)a > 0 && (s64)b > 0 && b + PAGE == a);
    for (int i = 0; i < 64; i++) a[i * PAGE] = (u8)i;
    /* A hole in the middle: the rest stays, the hole can be mapped again and is zero. */
    EXPECT(CALL(munmap, a + 16 * PAGE, 16 * PAGE, 0, 0, 0, 0), 0);
    CHECK(!readable(a + 20 * PAGE));
    CHECK(a[15 * PAGE] == 15 && a[32 * PAGE] == 32);
    EXPECT(MAP(a + 16 * PAGE, 16 * PAGE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED), a + 16 * PAGE);
    for (int i = 16; i < 32; i++) CHECK(a[i * PAGE] == 0);
    /* Replaced in place by a fixed mapping. */
    EXPECT(MAP(a, 8 * PAGE, MAP_PRIVATE_ANONYMOUS | MAP_FIXED), a);
    CHECK(a[7 * PAGE] == 0 && a[8 * PAGE] == 8);

    EXPECT(CALL(mprotect, a, 2 * PAGE, 1, 0, 0, 0), 0);
    CHECK(a[0] == 0);
    EXPECT(CALL(read, CALL(openat, -100, "/data.txt", 0, 0, 0, 0), a, 4, 0, 0, 0), -EFAULT); /* read-only to the kernel too */
    EXPECT(CALL(mprotect, a, 2 * PAGE, PROT_RW, 0, 0, 0), 0);
    a[0] = 9;
    CHECK(a[0] == 9);
    EXPECT(CALL(munmap, a, 64 * PAGE, 0, 0, 0, 0), 0);
    EXPECT(CALL(munmap, b, PAGE, 0, 0, 0, 0), 0);

    /* Memory is given back: far more than half a machine of it, in turns. */
    for (int turn = 0; turn < 8; turn++) {
        volatile u8 *m = (u8 *)MAP(0, 256 * PAGE, MAP_PRIVATE_ANONYMOUS);
        for (int i = 0; i < 256; i++) {
            CHECK(m[i * PAGE + 8] == 0);
            m[i * PAGE + 8] = 0xff;
        }
        EXPECT(CALL(munmap, m, 256 * PAGE, 0, 0, 0, 0), 0);
    }
}
