/*
 * Linux system calls (RISC-V numbers and structures), the subset that services use. Each returns the kernel's value: >= 0, or
 * a negated errno.
 */
#ifndef SERVICES_SYS_H
#define SERVICES_SYS_H

#include "errno.h"
#include "types.h"

enum {
    SYS_epoll_create1 = 20,
    SYS_epoll_ctl = 21,
    SYS_epoll_pwait = 22,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_read = 63,
    SYS_write = 64,
    SYS_sendfile = 71,
    SYS_fstat = 80,
    SYS_exit_group = 94,
    SYS_clock_gettime = 113,
    SYS_rt_sigaction = 134,
    SYS_reboot = 142,
    SYS_getpid = 172,
    SYS_socket = 198,
    SYS_bind = 200,
    SYS_listen = 201,
    SYS_sendto = 206,
    SYS_recvfrom = 207,
    SYS_setsockopt = 208,
    SYS_shutdown = 210,
    SYS_munmap = 215,
    SYS_mmap = 222,
    SYS_accept4 = 242,
};

#define EISDIR 21
#define ENOTDIR 20
#define ENAMETOOLONG 36
#define ELOOP 40

#define AT_FDCWD (-100)
#define O_RDONLY 0
#define O_NONBLOCK 04000
#define PROT_READ 1
#define PROT_WRITE 2
#define MAP_PRIVATE 2
#define MAP_ANONYMOUS 0x20

#define AF_INET 2
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_NONBLOCK O_NONBLOCK
#define SOL_SOCKET 1
#define SO_REUSEADDR 2
#define IPPROTO_TCP 6
#define TCP_NODELAY 1
#define MSG_NOSIGNAL 0x4000
#define MSG_TRUNC 0x20
#define SHUT_WR 1

#define EPOLL_CTL_ADD 1
#define EPOLL_CTL_DEL 2
#define EPOLL_CTL_MOD 3
#define EPOLLIN 1u
#define EPOLLOUT 4u
#define EPOLLERR 8u
#define EPOLLHUP 16u

#define CLOCK_REALTIME 0

#define SIGPIPE 13

#define REBOOT_MAGIC1 0xfee1deadul
#define REBOOT_MAGIC2 672274793ul
#define REBOOT_POWER_OFF 0x4321fedcul

#define S_IFMT 0170000u
#define S_IFDIR 0040000u
#define S_IFREG 0100000u

struct timespec {
    s64 seconds, nanoseconds;
};

/* Port and address in network byte order. */
struct sockaddr_in {
    u16 family, port;
    u32 address;
    u8 zero[8];
};

struct epoll_event {
    u32 events;
    void *data;
};

struct stat {
    u64 dev, ino;
    u32 mode, nlink, uid, gid;
    u64 rdev, pad1;
    s64 size;
    s32 blksize, pad2;
    s64 blocks;
    struct timespec atime, mtime, ctime;
    u32 unused[2];
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

static inline long syscall4(long number, long a, long b, long c, long d) {
    register long a7 asm("a7") = number;
    register long a0 asm("a0") = a;
    register long a1 asm("a1") = b;
    register long a2 asm("a2") = c;
    register long a3 asm("a3") = d;
    asm volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2), "r"(a3) : "memory");
    return a0;
}

static inline int sys_open(const char *path, int flags) { return syscall4(SYS_openat, AT_FDCWD, (long)path, flags, 0); }
static inline int sys_close(int fd) { return syscall4(SYS_close, fd, 0, 0, 0); }
static inline long sys_read(int fd, void *to, size_t n) { return syscall4(SYS_read, fd, (long)to, n, 0); }
static inline long sys_write(int fd, const void *from, size_t n) { return syscall4(SYS_write, fd, (long)from, n, 0); }
static inline long sys_sendfile(int to, int from, u64 *at, size_t n) { return syscall4(SYS_sendfile, to, from, (long)at, n); }
static inline int sys_fstat(int fd, struct stat *st) { return syscall4(SYS_fstat, fd, (long)st, 0, 0); }
static inline int sys_getpid(void) { return syscall4(SYS_getpid, 0, 0, 0, 0); }
static inline int sys_clock_gettime(int clock, struct timespec *ts) {
    return syscall4(SYS_clock_gettime, clock, (long)ts, 0, 0);
}
static inline int sys_reboot(u64 command) {
    return syscall4(SYS_reboot, (long)REBOOT_MAGIC1, (long)REBOOT_MAGIC2, (long)command, 0);
}
static inline int sys_socket(int type) { return syscall4(SYS_socket, AF_INET, type, 0, 0); }
static inline int sys_bind(int fd, const struct sockaddr_in *a) { return syscall4(SYS_bind, fd, (long)a, sizeof *a, 0); }
static inline int sys_listen(int fd, int backlog) { return syscall4(SYS_listen, fd, backlog, 0, 0); }
static inline int sys_accept(int fd, int flags) { return syscall4(SYS_accept4, fd, 0, 0, flags); }
static inline int sys_shutdown(int fd, int how) { return syscall4(SYS_shutdown, fd, how, 0, 0); }
static inline int sys_setsockopt(int fd, int level, int option, int value) {
    return syscall6(SYS_setsockopt, fd, level, option, (long)&value, sizeof value, 0);
}
static inline long sys_send(int fd, const void *from, size_t n) {
    return syscall6(SYS_sendto, fd, (long)from, n, MSG_NOSIGNAL, 0, 0);
}
static inline long sys_sendto(int fd, const void *from, size_t n, const struct sockaddr_in *to) {
    return syscall6(SYS_sendto, fd, (long)from, n, MSG_NOSIGNAL, (long)to, sizeof *to);
}
static inline long sys_recvfrom(int fd, void *to, size_t n, int flags, struct sockaddr_in *from) {
    u32 length = sizeof *from;
    return syscall6(SYS_recvfrom, fd, (long)to, n, flags, (long)from, (long)&length);
}
static inline int sys_epoll_create(void) { return syscall4(SYS_epoll_create1, 0, 0, 0, 0); }
static inline int sys_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
    return syscall4(SYS_epoll_ctl, epoll, op, fd, (long)event);
}
static inline int sys_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout_ms) {
    return syscall6(SYS_epoll_pwait, epoll, (long)events, max, timeout_ms, 0, 8);
}
/* Anonymous zeroed pages; an address, or a negated errno. */
static inline long sys_map(u64 length) {
    return syscall6(SYS_mmap, 0, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}
/* sendfile has no MSG_NOSIGNAL. The guest kernel knows no signals and refuses the call, which is as good. */
static inline void sys_ignore_sigpipe(void) {
    const u64 ignore[3] = { 1 /* SIG_IGN */, 0, 0 };
    syscall4(SYS_rt_sigaction, SIGPIPE, (long)ignore, 0, 8);
}
_Noreturn static inline void sys_exit(int code) {
    for (;;) syscall4(SYS_exit_group, code, 0, 0, 0);
}

#endif
