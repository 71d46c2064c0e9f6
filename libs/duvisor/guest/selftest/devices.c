/* The disk and the tap, where the machine has them: sectors by position and by several pieces; frames one at a time. */
#include "selftest.h"

#include "kernel/string.h"

#define O_RDWR 2
#define O_NONBLOCK 0x800
#define SEEK_END 2
#define SECTOR 512
#define TUNSETIFF 0x400454CA
#define IFF_TAP_NO_PI 0x1002
#define POLLIN 1

static u8 first[2 * SECTOR], second[4 * SECTOR];

struct piece {
    void *base;
    u64 length;
};

void disk(void) {
    s64 fd = CALL(openat, -100, "/dev/vda", O_RDWR, 0, 0, 0);
    CHECK(fd >= 0);
    s64 size = CALL(lseek, fd, 0, SEEK_END, 0, 0, 0);
    CHECK(size >= 8 * SECTOR && size % SECTOR == 0);

    for (u32 i = 0; i < sizeof(first); i++) first[i] = (u8)(i * 3 + i / SECTOR);
    struct piece write[2] = { { first + 100, 2 * SECTOR - 100 }, { first, 100 } };
    EXPECT(CALL(pwritev, fd, write, 2, size - 2 * SECTOR, 0, 0), 2 * SECTOR);
    EXPECT(CALL(fdatasync, fd, 0, 0, 0, 0, 0), 0);
    struct piece read[3] = { { second, 0 }, { second, 2 * SECTOR - 100 }, { second + 2 * SECTOR, 100 } };
    EXPECT(CALL(preadv, fd, read, 3, size - 2 * SECTOR, 0, 0), 2 * SECTOR);
    CHECK(memcmp(second, first + 100, 2 * SECTOR - 100) == 0 && memcmp(second + 2 * SECTOR, first, 100) == 0);
    EXPECT(CALL(pread64, fd, second, SECTOR, size - SECTOR, 0, 0), SECTOR);

    EXPECT(CALL(pread64, fd, second, 4 * SECTOR, size - SECTOR, 0, 0), SECTOR); /* what there is */
    EXPECT(CALL(pread64, fd, second, SECTOR, size, 0, 0), 0);
    EXPECT(CALL(pwritev, fd, write, 2, size, 0, 0), -ENOSPC);
    EXPECT(CALL(pread64, fd, second, 100, 0, 0, 0), -EINVAL); /* whole sectors only */
    EXPECT(CALL(pread64, fd, second, SECTOR, 100, 0, 0), -EINVAL);
    EXPECT(CALL(pread64, fd, 8, SECTOR, 0, 0, 0), -EFAULT);
    EXPECT(CALL(preadv, fd, read, 65, 0, 0, 0), -EINVAL);
    EXPECT(CALL(lseek, fd, 0, 0, 0, 0, 0), 0);
    EXPECT(CALL(read, fd, second, SECTOR, 0, 0, 0), SECTOR);
    EXPECT(CALL(lseek, fd, 0, 1, 0, 0, 0), SECTOR);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
}

/* Expects at the far end somebody who sends every frame back with sender and receiver exchanged. */
void tap(void) {
    struct {
        char name[16];
        u16 flags;
        u8 rest[22];
    } request = { "tap0", IFF_TAP_NO_PI, { 0 } };
    s64 fd = CALL(openat, -100, "/dev/net/tun", O_RDWR | O_NONBLOCK, 0, 0, 0);
    CHECK(fd >= 0);
    EXPECT(CALL(write, fd, first, 60, 0, 0, 0), -EBADF); /* not attached yet */
    request.flags = 1;
    EXPECT(CALL(ioctl, fd, TUNSETIFF, &request, 0, 0, 0), -EINVAL);
    request.flags = IFF_TAP_NO_PI;
    EXPECT(CALL(ioctl, fd, TUNSETIFF, &request, 0, 0, 0), 0);
    s64 other = CALL(openat, -100, "/dev/net/tun", O_RDWR, 0, 0, 0);
    EXPECT(CALL(ioctl, other, TUNSETIFF, &request, 0, 0, 0), -EBUSY);
    EXPECT(CALL(close, other, 0, 0, 0, 0, 0), 0);

    EXPECT(CALL(read, fd, second, sizeof(second), 0, 0, 0), -EAGAIN);
    EXPECT(CALL(write, fd, first, 13, 0, 0, 0), -EINVAL);
    EXPECT(CALL(write, fd, second, 1519, 0, 0, 0), -EINVAL);
    for (u32 i = 0; i < 1514; i++) second[i] = first[i % sizeof(first)] = (u8)(i * 5);
    for (u32 round = 0; round < 600; round++) { /* more than the queues hold */
        struct piece write[2] = { { first, 14 }, { second + 14, round % 1400 + 40 } };
        EXPECT(CALL(writev, fd, write, 2, 0, 0, 0), round % 1400 + 54);
        struct { s32 fd; s16 events, revents; } poll = { (s32)fd, POLLIN, 0 };
        EXPECT(CALL(ppoll, &poll, 1, 0, 0, 0, 0), 1);
        CHECK(poll.revents == POLLIN);
        struct piece read[2] = { { first + 512, 20 }, { first + 532, 1024 - 32 } };
        s64 n = CALL(readv, fd, read, 2, 0, 0, 0);
        CHECK(n == (s64)MIN(round % 1400 + 54, 1012));
        CHECK(memcmp(first + 512, first + 6, 6) == 0 && memcmp(first + 518, first, 6) == 0);
        CHECK(memcmp(first + 526, second + 14, (u64)n - 14) == 0);
    }
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
}

#define PLIC_VINTERRUPTS 0x1F00000
#define MAP_SHARED 1
#define MAP_PRIVATE 2

static s64 map_vplic(s64 fd, u64 length, s64 how, u64 offset) { return CALL(mmap, 0, length, PROT_RW, how, fd, offset); }

/* One process has the register that posts interrupts, and nothing else of the controller; it leaves nothing behind. */
void vplic(void) {
    for (u32 round = 0; round < 2; round++) {
        s64 fd = CALL(openat, -100, "/dev/vplic_dev", O_RDWR, 0, 0, 0);
        CHECK(fd >= 0);
        EXPECT(CALL(openat, -100, "/dev/vplic_dev", O_RDWR, 0, 0, 0), -EBUSY);
        EXPECT(map_vplic(fd, 4096, MAP_SHARED, 0), -EINVAL);
        EXPECT(map_vplic(fd, 4096, MAP_SHARED, 0x201000), -EINVAL);
        EXPECT(map_vplic(fd, 8192, MAP_SHARED, PLIC_VINTERRUPTS), -EINVAL);
        EXPECT(map_vplic(fd, 4096, MAP_PRIVATE, PLIC_VINTERRUPTS), -EINVAL);
        s64 page = map_vplic(fd, 4096, MAP_SHARED, PLIC_VINTERRUPTS);
        CHECK(page > 0);
        volatile u32 *vinterrupts = (volatile u32 *)page;
        CHECK(*vinterrupts == 0);
        *vinterrupts = 1u << 28 | 1u << 29;
        CHECK(*vinterrupts == (1u << 28 | 1u << 29));
        EXPECT(CALL(munmap, page, 4096, 0, 0, 0, 0), 0);
        EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    }
}
