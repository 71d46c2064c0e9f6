/* Files of the initramfs: /data.txt holds "0123456789\n". */
#include "vmtest.h"

struct stat {
    u64 dev, ino;
    u32 mode, nlink, uid, gid;
    u64 rdev, pad;
    s64 size;
    u8 rest[128 - 56];
};

static s64 open(const char *path, int flags) { return CALL(openat, -100, path, flags, 0, 0, 0); }

void files(void) {
    char text[32];
    struct stat s;
    s64 fd = open("/data.txt", 0);
    EXPECT(fd, 3);
    EXPECT(CALL(read, fd, text, 4, 0, 0, 0), 4);
    CHECK(memcmp(text, "0123", 4) == 0);
    EXPECT(CALL(lseek, fd, 2, 1, 0, 0, 0), 6);
    EXPECT(CALL(read, fd, text, sizeof(text), 0, 0, 0), 5);
    CHECK(memcmp(text, "6789\n", 5) == 0);
    EXPECT(CALL(read, fd, text, sizeof(text), 0, 0, 0), 0);
    EXPECT(CALL(lseek, fd, -1, 2, 0, 0, 0), 10);
    EXPECT(CALL(lseek, fd, -1, 0, 0, 0, 0), -EINVAL);
    EXPECT(CALL(pread64, fd, text, 3, 7, 0, 0), 3);
    CHECK(memcmp(text, "789", 3) == 0);
    EXPECT(CALL(pread64, fd, text, 3, 1UL << 62, 0, 0), 0);
    EXPECT(CALL(pread64, fd, 8, 3, 0, 0, 0), -EFAULT);
    EXPECT(CALL(fstat, fd, &s, 0, 0, 0, 0), 0);
    CHECK(s.size == 11 && s.mode == 0100444);
    EXPECT(CALL(newfstatat, -100, "/data.txt", &s, 0, 0, 0), 0);
    CHECK(s.size == 11);
    EXPECT(CALL(write, fd, text, 1, 0, 0, 0), -EBADF);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), -EBADF);
    EXPECT(CALL(read, 5000, text, 1, 0, 0, 0), -EBADF);
    EXPECT(CALL(fstat, 1, &s, 0, 0, 0, 0), 0);
    CHECK((s.mode & 0170000) == 0020000);

    EXPECT(open("/nothing", 0), -ENOENT);
    EXPECT(open("/data.txt", 1), -EROFS);
    EXPECT(open((const char *)8, 0), -EFAULT);
    static char longest[400];
    memset(longest, 'a', sizeof(longest) - 1);
    EXPECT(open(longest, 0), -ENAMETOOLONG);

    /* Descriptors are a bounded table, lowest free number first. */
    s64 last = 0;
    for (s64 n = 3; (last = open("/data.txt", 0)) >= 0; n++) EXPECT(last, n);
    EXPECT(last, -EMFILE);
    EXPECT(CALL(close, 77, 0, 0, 0, 0, 0), 0);
    EXPECT(open("/data.txt", 0), 77);
    for (s64 n = 3; CALL(close, n, 0, 0, 0, 0, 0) == 0; n++) {}

    struct {
        const char *base;
        u64 length;
    } pieces[3] = { { "a ", 2 }, { "", 0 }, { "vector\n", 7 } };
    EXPECT(CALL(writev, 1, pieces, 3, 0, 0, 0), 9);
}
