/* System calls: Linux's numbers (generic 64-bit table, as riscv64 uses); memory, time and processes here. */
#include "vm.h"

#define PROT_MASK 7
#define MAP_SHARED 1
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define CLOCK_MONOTONIC_LAST 7 /* all clocks say the time since power on */
#define TIMER_ABSTIME 1
#define REBOOT_MAGIC1 0xfee1dead
#define REBOOT_MAGIC2 0x28121969
#define REBOOT_POWER_OFF 0x4321fedc
#define REBOOT_HALT 0xcdef0123
#define LINGER 50 /* part of a second */

struct timespec {
    s64 sec, nsec;
};

static s64 sys_brk(const struct args *a) { return (s64)space_set_brk(&current->space, a->a[0]); }

static s64 sys_mmap(const struct args *a) {
    u64 size = ALIGN_UP(a->a[1], PAGE_SIZE), flags = a->a[3];
    if (!a->a[1] || size < a->a[1] || (a->a[2] & ~(u64)PROT_MASK)) return -EINVAL;
    if (!(flags & MAP_ANONYMOUS) || (flags & (MAP_FIXED | MAP_SHARED))) return -EOPNOTSUPP;
    u32 prot = (u32)a->a[2] & (VM_READ | VM_WRITE | VM_EXEC);
    u64 at = space_find(&current->space, size);
    if (!at) return -ENOMEM;
    int error = space_map(&current->space, at, at + size, prot & VM_WRITE ? prot | VM_READ : prot);
    return error ? error : (s64)at;
}

static s64 sys_munmap(const struct args *a) {
    u64 size = ALIGN_UP(a->a[1], PAGE_SIZE);
    if (size < a->a[1] || a->a[0] + size < a->a[0]) return -EINVAL;
    return space_unmap(&current->space, a->a[0], a->a[0] + size);
}

static s64 sys_clock_gettime(const struct args *a) {
    if (a->a[0] > CLOCK_MONOTONIC_LAST) return -EINVAL;
    u64 ns = time_to_ns(now());
    struct timespec t = { (s64)(ns / NS_PER_S), (s64)(ns % NS_PER_S) };
    return copy_out(a->a[1], &t, sizeof(t));
}

int copy_in_timespec(u64 from, u64 *ns) {
    struct timespec t;
    if (copy_in(&t, from, sizeof(t))) return -EFAULT;
    if (t.sec < 0 || (u64)t.nsec >= NS_PER_S) return -EINVAL;
    /* Beyond 136 years is never. */
    *ns = t.sec >> 32 ? (u64)1 << 62 : (u64)t.sec * NS_PER_S + (u64)t.nsec;
    return 0;
}

static s64 sleep_until(u64 deadline) {
    while (now() < deadline) sleep_on(&current->timeout, deadline);
    return 0;
}

static s64 sys_nanosleep(const struct args *a) {
    u64 ns;
    int error = copy_in_timespec(a->a[0], &ns);
    return error ? error : sleep_until(now() + ns_to_time(ns));
}

static s64 sys_clock_nanosleep(const struct args *a) {
    u64 ns;
    int error = a->a[0] > CLOCK_MONOTONIC_LAST ? -EINVAL : copy_in_timespec(a->a[2], &ns);
    if (error) return error;
    return sleep_until(a->a[1] & TIMER_ABSTIME ? ns_to_time(ns) : now() + ns_to_time(ns));
}

static s64 sys_getpid(const struct args *a) {
    (void)a;
    return current->pid;
}

static s64 sys_sched_yield(const struct args *a) {
    (void)a;
    yield();
    return 0;
}

static s64 sys_exit(const struct args *a) { process_exit((int)(a->a[0] & 0xff)); }

static s64 sys_reboot(const struct args *a) {
    if ((u32)a->a[0] != REBOOT_MAGIC1 || (u32)a->a[1] != REBOOT_MAGIC2) return -EINVAL;
    if ((u32)a->a[2] != REBOOT_POWER_OFF && (u32)a->a[2] != REBOOT_HALT) return -EINVAL;
    /* What was sent last is on its way: through a VMM and a link before the machine goes. */
    sleep_until(now() + boot.timebase / LINGER);
    power_off(false);
}

static s64 (*const table[])(const struct args *) = {
    [20] = sys_epoll_create1,
    [21] = sys_epoll_ctl,
    [22] = sys_epoll_pwait,
    [25] = sys_fcntl,
    [56] = sys_openat,
    [57] = sys_close,
    [62] = sys_lseek,
    [63] = sys_read,
    [64] = sys_write,
    [66] = sys_writev,
    [67] = sys_pread64,
    [71] = sys_sendfile,
    [73] = sys_ppoll,
    [79] = sys_newfstatat,
    [80] = sys_fstat,
    [93] = sys_exit,
    [94] = sys_exit,
    [101] = sys_nanosleep,
    [113] = sys_clock_gettime,
    [115] = sys_clock_nanosleep,
    [124] = sys_sched_yield,
    [142] = sys_reboot,
    [172] = sys_getpid,
    [178] = sys_getpid, /* gettid: one thread each */
    [198] = sys_socket,
    [200] = sys_bind,
    [201] = sys_listen,
    [202] = sys_accept,
    [204] = sys_getsockname,
    [205] = sys_getpeername,
    [206] = sys_sendto,
    [207] = sys_recvfrom,
    [208] = sys_setsockopt,
    [209] = sys_getsockopt,
    [210] = sys_shutdown,
    [214] = sys_brk,
    [215] = sys_munmap,
    [222] = sys_mmap,
    [242] = sys_accept4,
};

void syscall(struct frame *f) {
    u64 n = f->x[17];
    s64 (*call)(const struct args *) = n < ARRAY_SIZE(table) ? table[n] : NULL;
    /* The arguments are a0..a5, in the frame as they are in struct args. */
    f->x[10] = (u64)(call ? call((const struct args *)&f->x[10]) : -ENOSYS);
}
