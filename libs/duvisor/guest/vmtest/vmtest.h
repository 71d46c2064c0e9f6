/* User program that checks the guest kernel from outside. A failed check says where and ends the process with code 1. */
#ifndef VMTEST_H
#define VMTEST_H

#include "errno.h"
#include "kernel/string.h"
#include "types.h"

enum syscall_number {
    SYS_epoll_create1 = 20, SYS_epoll_ctl = 21, SYS_epoll_pwait = 22, SYS_fcntl = 25, SYS_openat = 56, SYS_close = 57,
    SYS_lseek = 62, SYS_read = 63, SYS_write = 64, SYS_writev = 66, SYS_pread64 = 67, SYS_sendfile = 71, SYS_ppoll = 73,
    SYS_newfstatat = 79, SYS_fstat = 80, SYS_exit_group = 94, SYS_nanosleep = 101, SYS_clock_gettime = 113,
    SYS_sched_yield = 124, SYS_reboot = 142, SYS_getpid = 172, SYS_socket = 198, SYS_bind = 200, SYS_listen = 201,
    SYS_getsockname = 204, SYS_sendto = 206, SYS_recvfrom = 207, SYS_setsockopt = 208, SYS_shutdown = 210, SYS_brk = 214,
    SYS_munmap = 215, SYS_mmap = 222, SYS_accept4 = 242,
};

/* start.S */
s64 syscall(s64 a, s64 b, s64 c, s64 d, s64 e, s64 f, s64 number);
#define CALL(number, a, b, c, d, e, f) \
    syscall((s64)(a), (s64)(b), (s64)(c), (s64)(d), (s64)(e), (s64)(f), SYS_##number)

/* main.c */
void say(const char *text);
void fail(const char *where, s64 value) __attribute__((noreturn));
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
#define CHECK(condition) do { if (!(condition)) fail(__FILE_NAME__ ":" TEXT(__LINE__) ": " #condition, 0); } while (0)
/* A call's result must be exactly this. */
#define EXPECT(call, wanted) do { s64 v_ = (call); if (v_ != (s64)(wanted)) fail(__FILE_NAME__ ":" TEXT(__LINE__) ": " #call, v_); } while (0)

struct timespec {
    s64 sec, nsec;
};
u64 now_ns(void);

void memory(void);  /* memory.c */
void files(void);   /* files.c */
void waiting(void); /* processes.c */
void spin(void);    /* processes.c: never sleeps; ends when time is up */
void disk(void);    /* disk.c */
void sockets(void); /* sockets.c: errors and limits, no peer needed */
void offline(void); /* sockets.c: there is no network */
void serve_all(void); /* net.c: does not return */
void crash(const char *how);

#endif
