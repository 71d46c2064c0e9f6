/* Linux system calls (RISC-V numbers). Each returns the kernel's value: >= 0, or a negated errno. */
#ifndef VMM_SYS_H
#define VMM_SYS_H

#include "types.h"

enum {
    SYS_eventfd2 = 19,
    SYS_ioctl = 29,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_lseek = 62,
    SYS_read = 63,
    SYS_write = 64,
    SYS_readv = 65,
    SYS_writev = 66,
    SYS_pread64 = 67,
    SYS_preadv = 69,
    SYS_pwritev = 70,
    SYS_ppoll = 73,
    SYS_fdatasync = 83,
    SYS_exit_group = 94,
    SYS_futex = 98,
    SYS_sched_setaffinity = 122,
    SYS_sched_yield = 124,
    SYS_mmap = 222,
};

#define AT_FDCWD (-100)
#define O_RDONLY 0
#define O_RDWR 2
#define O_NONBLOCK 0x800
#define SEEK_END 2
#define POLLIN 1
#define FUTEX_WAIT_PRIVATE 128
#define FUTEX_WAKE_PRIVATE 129
#define EAGAIN 11
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_NORESERVE 0x4000

struct iovec {
    u8 *base;
    u64 length;
};

struct pollfd {
    int fd;
    s16 events, revents;
};

struct timespec {
    s64 sec, nsec;
};

static inline long syscall6(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = a;
    register long a1 asm("a1") = b;
    register long a2 asm("a2") = c;
    register long a3 asm("a3") = d;
    register long a4 asm("a4") = e;
    register long a5 asm("a5") = f;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5) : "memory");
    return a0;
}

/* As above with fewer operands: the unused argument registers are left alone. */
static inline long syscall3(long number, long a, long b, long c) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = a;
    register long a1 asm("a1") = b;
    register long a2 asm("a2") = c;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

static inline int sys_open(const char *path, int flags) { return syscall6(SYS_openat, AT_FDCWD, (long)path, flags, 0, 0, 0); }
static inline int sys_close(int fd) { return syscall3(SYS_close, fd, 0, 0); }
static inline long sys_read(int fd, void *to, size_t n) { return syscall3(SYS_read, fd, (long)to, n); }
static inline long sys_write(int fd, const void *from, size_t n) { return syscall3(SYS_write, fd, (long)from, n); }
static inline long sys_pread(int fd, void *to, size_t n, u64 at) { return syscall6(SYS_pread64, fd, (long)to, n, at, 0, 0); }
static inline long sys_readv(int fd, const struct iovec *v, int n) { return syscall3(SYS_readv, fd, (long)v, n); }
static inline long sys_writev(int fd, const struct iovec *v, int n) { return syscall3(SYS_writev, fd, (long)v, n); }
static inline long sys_preadv(int fd, const struct iovec *v, int n, u64 at) {
    return syscall6(SYS_preadv, fd, (long)v, n, at, 0, 0);
}
static inline long sys_pwritev(int fd, const struct iovec *v, int n, u64 at) {
    return syscall6(SYS_pwritev, fd, (long)v, n, at, 0, 0);
}
static inline long sys_seek_end(int fd) { return syscall3(SYS_lseek, fd, 0, SEEK_END); }
static inline long sys_fdatasync(int fd) { return syscall3(SYS_fdatasync, fd, 0, 0); }
static inline int sys_eventfd(u32 count) { return syscall3(SYS_eventfd2, count, 0, 0); }
/* Without a time limit. */
static inline long sys_poll(struct pollfd *fds, int n) { return syscall6(SYS_ppoll, (long)fds, n, 0, 0, 0, 0); }
/* Sleeps while *word is `value`, at most for `limit` (null: for ever). */
static inline long sys_futex_wait(u32 *word, u32 value, const struct timespec *limit) {
    return syscall6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, (long)limit, 0, 0);
}
static inline long sys_futex_wake(u32 *word, int n) { return syscall3(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, n); }
static inline long sys_ioctl(int fd, u64 request, u64 arg) { return syscall3(SYS_ioctl, fd, request, arg); }
static inline long sys_yield(void) { return syscall3(SYS_sched_yield, 0, 0, 0); }
/* Of the calling thread. */
static inline long sys_setaffinity(size_t bytes, const u64 *mask) { return syscall3(SYS_sched_setaffinity, 0, bytes, (long)mask); }
static inline long sys_mmap_at(u64 length, int flags, int fd, u64 offset) {
    return syscall6(SYS_mmap, 0, length, PROT_READ | PROT_WRITE, flags, fd, offset);
}
static inline long sys_mmap(u64 length, int flags, int fd) { return sys_mmap_at(length, flags, fd, 0); }
_Noreturn static inline void sys_exit(int code) {
    for (;;) syscall3(SYS_exit_group, code, 0, 0);
}

#endif
