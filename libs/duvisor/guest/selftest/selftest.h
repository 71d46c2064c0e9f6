/* User program that checks the host kernel from outside. A failed check says where and ends the run with exit code 1. */
#ifndef SELFTEST_H
#define SELFTEST_H

#include "errno.h"
#include "types.h"

enum syscall_number {
    SYS_eventfd2 = 19, SYS_ioctl = 29, SYS_openat = 56, SYS_close = 57, SYS_lseek = 62, SYS_read = 63, SYS_write = 64,
    SYS_readv = 65,
    SYS_writev = 66, SYS_pread64 = 67, SYS_preadv = 69, SYS_pwritev = 70, SYS_ppoll = 73, SYS_fdatasync = 83,
    SYS_exit = 93, SYS_exit_group = 94, SYS_futex = 98, SYS_nanosleep = 101,
    SYS_clock_gettime = 113, SYS_sched_setaffinity = 122, SYS_sched_yield = 124, SYS_getpid = 172, SYS_gettid = 178,
    SYS_munmap = 215, SYS_clone = 220, SYS_mmap = 222, SYS_mprotect = 226,
};

/* start.S */
s64 syscall(s64 a, s64 b, s64 c, s64 d, s64 e, s64 f, s64 number);
#define CALL(number, a, b, c, d, e, f) \
    syscall((s64)(a), (s64)(b), (s64)(c), (s64)(d), (s64)(e), (s64)(f), SYS_##number)
/* A thread with its own stack that runs `function(argument)`; *alive is 1 until it has ended. */
s64 thread_create(void *stack_top, s32 *alive, void (*function)(void *), void *argument);

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

#define PROT_RW 3
#define MAP_PRIVATE_ANONYMOUS 0x22
#define MAP_FIXED 0x10

void files(void);      /* files.c */
void memory(void);     /* memory.c */
void threads(void);    /* threads.c */
void waiting(void);    /* waiting.c */
void misaligned(void); /* misaligned.c */
void traps(void);      /* traps.c */
void crash(const char *how); /* traps.c: ends the process by a fault */
void kvm(void);        /* kvm.c */
void disk(void);       /* devices.c */
void tap(void);        /* devices.c */
void vplic(void);      /* devices.c */
void dv_driver(void);  /* dv.c */
/* dv.c: a G-stage mapping of memory that is not the VM's */
void dv_foreign(void);
void dv_foreign_host(void);

#endif
