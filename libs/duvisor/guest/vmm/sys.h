/* Linux system calls (RISC-V numbers). Each returns the kernel's value: >= 0, or a negated errno. */
#ifndef VMM_SYS_H
#define VMM_SYS_H

#include "types.h"

enum {
    SYS_ioctl = 29,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_read = 63,
    SYS_write = 64,
    SYS_pread64 = 67,
    SYS_exit_group = 94,
    SYS_sched_setaffinity = 122,
    SYS_sched_yield = 124,
    SYS_mmap = 222,
};

#define AT_FDCWD (-100)
#define O_RDONLY 0
#define O_RDWR 2
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_SHARED 1
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20
#define MAP_NORESERVE 0x4000

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
static inline long sys_ioctl(int fd, u64 request, u64 arg) { return syscall3(SYS_ioctl, fd, request, arg); }
static inline long sys_yield(void) { return syscall3(SYS_sched_yield, 0, 0, 0); }
/* Of the calling thread. */
static inline long sys_setaffinity(size_t bytes, const u64 *mask) { return syscall3(SYS_sched_setaffinity, 0, bytes, (long)mask); }
static inline long sys_mmap(u64 length, int flags, int fd) {
    return syscall6(SYS_mmap, 0, length, PROT_READ | PROT_WRITE, flags, fd, 0);
}
_Noreturn static inline void sys_exit(int code) {
    for (;;) syscall3(SYS_exit_group, code, 0, 0);
}

#endif
