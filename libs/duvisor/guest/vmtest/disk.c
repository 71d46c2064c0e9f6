/* /disk: files fNNN of known contents, each byte given by file number and place; a file larger than the cache is `big`. */
#include "vmtest.h"

static s64 open(const char *path) { return CALL(openat, -100, path, 0, 0, 0, 0); }
static u8 byte_of(u64 file, u64 i) { return (u8)(file * 31 + i * 7 + i / 4096); }

static u8 buffer[10000];

static u64 check_file(u64 number, s64 fd) {
    u64 at = 0;
    for (s64 n; (n = CALL(read, fd, buffer, sizeof(buffer), 0, 0, 0)) != 0; at += (u64)n) {
        CHECK(n > 0);
        for (s64 i = 0; i < n; i++) CHECK(buffer[i] == byte_of(number, at + (u64)i));
    }
    return at;
}

void disk(void) {
    char path[] = "/disk/f000";
    u64 files = 0;
    for (u64 number = 0; number < 1000; number++, files++) {
        path[7] = (char)('0' + number / 100);
        path[8] = (char)('0' + number / 10 % 10);
        path[9] = (char)('0' + number % 10);
        s64 fd = open(path);
        if (fd == -ENOENT) break;
        CHECK(fd > 0);
        u64 size = check_file(number, fd);
        EXPECT(CALL(lseek, fd, 0, 2, 0, 0, 0), size);
        /* A piece in the middle, across a page of the device. */
        u64 middle = size / 2;
        s64 n = CALL(pread64, fd, buffer, 5000, middle, 0, 0);
        EXPECT(n, MIN(5000UL, size - middle));
        for (s64 i = 0; i < n; i++) CHECK(buffer[i] == byte_of(number, middle + (u64)i));
        EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    }
    CHECK(files > 0);
    s64 fd = open("/disk/big");
    if (fd > 0) CHECK(check_file(1000, fd) > 0 && CALL(lseek, fd, 0, 0, 0, 0, 0) == 0 && check_file(1000, fd) > 0);
    EXPECT(open("/disk/none"), -ENOENT);
    EXPECT(open("/disk/"), -ENOENT);
}
