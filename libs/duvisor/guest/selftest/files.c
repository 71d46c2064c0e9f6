/* Descriptors, the initramfs and the console. Expects /data.txt with the text "0123456789\n". */
#include "selftest.h"

#include "kernel/string.h"

#define OPEN(path) CALL(openat, -100, path, 0, 0, 0, 0)

void files(void) {
    char buf[32];
    EXPECT(OPEN("/missing"), -ENOENT);
    EXPECT(OPEN("/dev/missing"), -ENOENT);
    EXPECT(CALL(openat, -100, "/data.txt", 2, 0, 0, 0), -EROFS);
    EXPECT(OPEN((char *)0x10), -EFAULT);

    s64 fd = OPEN("/data.txt");
    EXPECT(fd, 3);
    EXPECT(CALL(read, fd, buf, 4, 0, 0, 0), 4);
    CHECK(memcmp(buf, "0123", 4) == 0);
    EXPECT(CALL(pread64, fd, buf, 32, 8, 0, 0), 3);
    CHECK(memcmp(buf, "89\n", 3) == 0);
    EXPECT(CALL(read, fd, buf, 2, 0, 0, 0), 2);
    CHECK(memcmp(buf, "45", 2) == 0);
    EXPECT(CALL(lseek, fd, -1, 2, 0, 0, 0), 10);
    EXPECT(CALL(read, fd, buf, 8, 0, 0, 0), 1);
    EXPECT(CALL(read, fd, buf, 8, 0, 0, 0), 0);
    EXPECT(CALL(lseek, fd, -1, 0, 0, 0, 0), -EINVAL);
    EXPECT(CALL(read, fd, 0x10, 0, 0, 0, 0), 0);
    EXPECT(CALL(ioctl, fd, 1, 2, 0, 0, 0), -ENOTTY);
    EXPECT(CALL(write, fd, buf, 1, 0, 0, 0), -EINVAL);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), -EBADF);
    EXPECT(CALL(read, 63, buf, 1, 0, 0, 0), -EBADF);
    EXPECT(CALL(read, -1, buf, 1, 0, 0, 0), -EBADF);

    /* A private mapping of a file: its contents, zeros behind them, and changes that stay here. */
    fd = OPEN("/data.txt");
    char *map = (char *)CALL(mmap, 0, 4096, PROT_RW, 2, fd, 0);
    CHECK((s64)map > 0);
    CHECK(memcmp(map, "0123456789\n", 12) == 0);
    map[0] = 'x';
    EXPECT(CALL(read, fd, buf, 1, 0, 0, 0), 1);
    CHECK(buf[0] == '0');
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    CHECK(map[0] == 'x' && map[1] == '1');
    EXPECT(CALL(munmap, map, 4096, 0, 0, 0, 0), 0);

    struct { const char *base; u64 length; } parts[2] = { { "wri", 3 }, { "tev\n", 4 } };
    EXPECT(CALL(writev, 1, parts, 2, 0, 0, 0), 7);
    EXPECT(CALL(write, 1, 0x5000, 5, 0, 0, 0), -EFAULT);
    EXPECT(CALL(write, 1, "x", ~0UL, 0, 0, 0), -EFAULT);

    /* Every descriptor can be used, and given back. */
    s64 last = 0;
    for (int i = 3; i < 64; i++) EXPECT(last = OPEN("/dev/console"), i);
    EXPECT(OPEN("/dev/console"), -EMFILE);
    for (int i = 3; i < 64; i++) EXPECT(CALL(close, i, 0, 0, 0, 0, 0), 0);
}
