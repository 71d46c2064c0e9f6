/* System calls: Linux's numbers and conventions (generic 64-bit table, as riscv64 uses), the subset the VMM needs. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

#define AT_FDCWD (-100)
#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_SHARED 1
#define MAP_FIXED 0x10
#define MAP_ANONYMOUS 0x20
#define TIMER_ABSTIME 1
#define NS_PER_S 1000000000UL

struct timespec {
    s64 sec, nsec;
};

#define MAX_PIECES 64 /* of one readv or writev to a device that takes them as one transfer */

struct args {
    u64 a[6];
};

/* Wrap a call on an open file. */
static s64 with_file(u64 fd, s64 (*use)(struct file *f, const struct args *), const struct args *a) {
    struct file *f = fget((int)fd);
    if (!f) return -EBADF;
    s64 r = use(f, a);
    fput(f);
    return r;
}

/* --- files --- */

#define DEVICE_TREE "/proc/device-tree/"

static struct file *property_open(const char *path) {
    u32 size = 0;
    const void *value = boot_property(path, &size);
    return value ? contents_open(value, size) : NULL;
}

static s64 sys_openat(const struct args *a) {
    char path[128];
    s64 n = strncpy_from_user(path, a->a[1], sizeof(path));
    if (n < 0) return n;
    if (path[0] != '/' && (int)a->a[0] != AT_FDCWD) return -EINVAL;
    struct file *f;
    if (strncmp(path, "/dev/", 5) == 0) {
        const struct file_ops *ops = device_find(path + 5);
        if (!ops) return -ENOENT;
        f = file_new(ops, NULL, (u32)a->a[2]);
        if (!f) return -ENOMEM;
        int error = ops->open ? ops->open(f) : 0;
        if (error) {
            f->ops = NULL; /* nothing to release */
            fput(f);
            return error;
        }
    } else {
        if (a->a[2] & 3) return -EROFS;
        f = strncmp(path, DEVICE_TREE, sizeof(DEVICE_TREE) - 1) == 0 ? property_open(path + sizeof(DEVICE_TREE) - 1)
                                                                      : initramfs_open(path);
        if (!f) return -ENOENT;
    }
    int fd = fd_install(f);
    if (fd < 0) fput(f);
    return fd;
}

static s64 sys_close(const struct args *a) { return close_fd((int)a->a[0]); }

/* A transfer at the file's own position, which moves on; files without positions ignore it. */
static s64 transfer_here(struct file *f, const struct iovec *v, u32 count, bool write) {
    s64 n = (write ? f->ops->write_at : f->ops->read_at)(f, v, count, f->pos);
    if (n > 0) f->pos += (u64)n;
    return n;
}
static s64 read_file(struct file *f, u64 buf, u64 n) {
    const struct iovec v = { buf, n };
    if (!f->ops->read && !f->ops->read_at) return -EINVAL;
    if (!access_ok(buf, n)) return -EFAULT;
    return f->ops->read ? f->ops->read(f, buf, n) : transfer_here(f, &v, 1, false);
}
static s64 write_file(struct file *f, u64 buf, u64 n) {
    const struct iovec v = { buf, n };
    if (!f->ops->write && !f->ops->write_at) return -EINVAL;
    if (!access_ok(buf, n)) return -EFAULT;
    return f->ops->write ? f->ops->write(f, buf, n) : transfer_here(f, &v, 1, true);
}
static s64 do_read(struct file *f, const struct args *a) { return read_file(f, a->a[1], a->a[2]); }
static s64 do_write(struct file *f, const struct args *a) { return write_file(f, a->a[1], a->a[2]); }
static s64 sys_read(const struct args *a) { return with_file(a->a[0], do_read, a); }
static s64 sys_write(const struct args *a) { return with_file(a->a[0], do_write, a); }

/* The pieces of a vectored call, each in the user half. */
static s64 copy_pieces(struct iovec *v, const struct args *a) {
    if (a->a[2] > MAX_PIECES) return -EINVAL;
    if (copy_from_user(v, a->a[1], a->a[2] * sizeof(*v))) return -EFAULT;
    for (u64 i = 0; i < a->a[2]; i++)
        if (!access_ok(v[i].base, v[i].length)) return -EFAULT;
    return 0;
}

static s64 do_readv(struct file *f, const struct args *a) {
    struct iovec v[MAX_PIECES];
    s64 error = copy_pieces(v, a);
    if (error) return error;
    return f->ops->read_at ? transfer_here(f, v, (u32)a->a[2], false) : -EINVAL;
}
static s64 sys_readv(const struct args *a) { return with_file(a->a[0], do_readv, a); }

static s64 do_writev(struct file *f, const struct args *a) {
    struct iovec v[MAX_PIECES];
    s64 error = copy_pieces(v, a), done = 0;
    if (error) return error;
    if (f->ops->write_at) return transfer_here(f, v, (u32)a->a[2], true);
    for (u64 i = 0; i < a->a[2]; i++) {
        s64 n = write_file(f, v[i].base, v[i].length);
        if (n < 0) return done ? done : n;
        done += n;
    }
    return done;
}
static s64 sys_writev(const struct args *a) { return with_file(a->a[0], do_writev, a); }

/* Transfers at a position of the caller's: of a file that has positions. */
static s64 do_preadv(struct file *f, const struct args *a) {
    struct iovec v[MAX_PIECES];
    s64 error = copy_pieces(v, a);
    if (error) return error;
    return f->ops->read_at && f->ops->size ? f->ops->read_at(f, v, (u32)a->a[2], a->a[3]) : -ESPIPE;
}
static s64 sys_preadv(const struct args *a) { return with_file(a->a[0], do_preadv, a); }

static s64 do_pwritev(struct file *f, const struct args *a) {
    struct iovec v[MAX_PIECES];
    s64 error = copy_pieces(v, a);
    if (error) return error;
    return f->ops->write_at && f->ops->size ? f->ops->write_at(f, v, (u32)a->a[2], a->a[3]) : -ESPIPE;
}
static s64 sys_pwritev(const struct args *a) { return with_file(a->a[0], do_pwritev, a); }

static s64 do_pread(struct file *f, const struct args *a) {
    const struct iovec v = { a->a[1], a->a[2] };
    if (f->ops->size && f->ops->read_at) return access_ok(v.base, v.length) ? f->ops->read_at(f, &v, 1, a->a[3]) : -EFAULT;
    if (!initramfs_data(f)) return -ESPIPE;
    u64 old = f->pos;
    f->pos = a->a[3];
    s64 n = read_file(f, a->a[1], a->a[2]);
    f->pos = old;
    return n;
}
static s64 sys_pread64(const struct args *a) { return with_file(a->a[0], do_pread, a); }

static s64 do_fsync(struct file *f, const struct args *a) {
    (void)a;
    return f->ops->sync ? f->ops->sync(f) : -EINVAL;
}
static s64 sys_fsync(const struct args *a) { return with_file(a->a[0], do_fsync, a); }

static s64 do_lseek(struct file *f, const struct args *a) {
    if (!f->ops->size) return -ESPIPE;
    s64 base = a->a[2] == 0 ? 0 : a->a[2] == 1 ? (s64)f->pos : a->a[2] == 2 ? f->ops->size(f) : -1;
    if (base < 0 || base + (s64)a->a[1] < 0) return -EINVAL;
    f->pos = (u64)(base + (s64)a->a[1]);
    return (s64)f->pos;
}
static s64 sys_lseek(const struct args *a) { return with_file(a->a[0], do_lseek, a); }

static s64 do_ioctl(struct file *f, const struct args *a) {
    return f->ops->ioctl ? f->ops->ioctl(f, (u32)a->a[1], a->a[2]) : -ENOTTY;
}
static s64 sys_ioctl(const struct args *a) {
    STEP(sys_ioctl);
    struct file *f;
    STEP_CALL(fget_light, sys_ioctl, f = fget((int)a->a[0]));
    if (!f) return -EBADF;
    s64 r = do_ioctl(f, a);
    STEP_CALL(fget_light, sys_ioctl, fput(f));
    return r;
}

static s64 sys_ppoll(const struct args *a) {
    struct timespec t = { 0, 0 };
    if (a->a[2] && copy_from_user(&t, a->a[2], sizeof(t))) return -EFAULT;
    return poll_user(a->a[0], (u32)a->a[1], (u64)t.sec * NS_PER_S + (u64)t.nsec, a->a[2] == 0);
}

static s64 sys_eventfd2(const struct args *a) { return eventfd_create((u32)a->a[0], (u32)a->a[1]); }

/* --- memory --- */

static u64 vm_flags(u64 prot) {
    return (prot & PROT_READ ? VM_READ : 0) | (prot & PROT_WRITE ? VM_WRITE : 0) | (prot & PROT_EXEC ? VM_EXEC : 0);
}

static s64 sys_mmap(const struct args *a) {
    u64 flags = vm_flags(a->a[2]), how = a->a[3];
    if (how & MAP_SHARED) flags |= VM_SHARED;
    if (how & MAP_ANONYMOUS) return mm_map(current->mm, a->a[0], a->a[1], flags, how & MAP_FIXED, NULL, 0);
    struct file *f = fget((int)a->a[4]);
    if (!f) return -EBADF;
    s64 r = mm_map(current->mm, a->a[0], a->a[1], flags, how & MAP_FIXED, f, a->a[5]);
    fput(f);
    return r;
}

static s64 sys_munmap(const struct args *a) { return mm_unmap(current->mm, a->a[0], a->a[1]); }
static s64 sys_mprotect(const struct args *a) { return mm_protect(current->mm, a->a[0], a->a[1], vm_flags(a->a[2])); }

/* --- threads --- */

static s64 sys_exit(const struct args *a) { task_exit((int)a->a[0]); }
static s64 sys_exit_group(const struct args *a) { process_exit((int)(a->a[0] & 0xff) << 8); }
static s64 sys_getpid(const struct args *a) { (void)a; return current->process->pid; }
static s64 sys_gettid(const struct args *a) { (void)a; return current->tid; }
static s64 sys_clone(const struct args *a) { return task_clone(a->a[0], a->a[1], a->a[2], a->a[3], a->a[4]); }

static s64 sys_set_tid_address(const struct args *a) {
    current->clear_tid = a->a[0];
    return current->tid;
}

static s64 sys_sched_yield(const struct args *a) {
    (void)a;
    yield();
    return 0;
}

/* Threads do not move between harts: a mask must hold the hart the thread is on. */
static s64 sys_sched_setaffinity(const struct args *a) {
    u64 mask = 0;
    if (a->a[0] && a->a[0] != current->tid) return -ESRCH;
    if (a->a[1] < sizeof(mask)) return -EINVAL;
    if (copy_from_user(&mask, a->a[2], sizeof(mask))) return -EFAULT;
    if (!(mask & BIT(hart_id()))) return -EINVAL;
    current->affinity = mask;
    return 0;
}

static s64 sys_sched_getaffinity(const struct args *a) {
    if (a->a[1] < sizeof(u64)) return -EINVAL;
    return copy_to_user(a->a[2], &current->affinity, sizeof(u64)) ? -EFAULT : (s64)sizeof(u64);
}

#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_PRIVATE 128

static s64 sys_futex(const struct args *a) {
    switch (a->a[1] & ~(u64)FUTEX_PRIVATE) {
    case FUTEX_WAIT: {
        struct timespec t;
        if (!a->a[3]) return futex_wait(a->a[0], (u32)a->a[2], 0, false);
        if (copy_from_user(&t, a->a[3], sizeof(t))) return -EFAULT;
        return futex_wait(a->a[0], (u32)a->a[2], ktime_get() + (u64)t.sec * NS_PER_S + (u64)t.nsec, true);
    }
    case FUTEX_WAKE: return futex_wake(a->a[0], (u32)a->a[2]);
    default: return -ENOSYS;
    }
}

/* --- time --- */

static s64 sys_clock_gettime(const struct args *a) {
    u64 ns = ktime_get();
    struct timespec t = { (s64)(ns / NS_PER_S), (s64)(ns % NS_PER_S) };
    return copy_to_user(a->a[1], &t, sizeof(t));
}

static s64 sleep_for(u64 user_time, bool absolute) {
    struct timespec t;
    if (copy_from_user(&t, user_time, sizeof(t))) return -EFAULT;
    if (t.sec < 0 || t.nsec < 0 || t.nsec >= (s64)NS_PER_S) return -EINVAL;
    return sleep_until((absolute ? 0 : ktime_get()) + (u64)t.sec * NS_PER_S + (u64)t.nsec);
}
static s64 sys_nanosleep(const struct args *a) { return sleep_for(a->a[0], false); }
static s64 sys_clock_nanosleep(const struct args *a) { return sleep_for(a->a[2], a->a[1] & TIMER_ABSTIME); }

static s64 (*const table[])(const struct args *) = {
    [19] = sys_eventfd2,
    [29] = sys_ioctl,
    [56] = sys_openat,
    [57] = sys_close,
    [62] = sys_lseek,
    [63] = sys_read,
    [64] = sys_write,
    [65] = sys_readv,
    [66] = sys_writev,
    [67] = sys_pread64,
    [69] = sys_preadv,
    [70] = sys_pwritev,
    [73] = sys_ppoll,
    [82] = sys_fsync,
    [83] = sys_fsync, /* fdatasync */
    [93] = sys_exit,
    [94] = sys_exit_group,
    [96] = sys_set_tid_address,
    [98] = sys_futex,
    [101] = sys_nanosleep,
    [113] = sys_clock_gettime,
    [115] = sys_clock_nanosleep,
    [122] = sys_sched_setaffinity,
    [123] = sys_sched_getaffinity,
    [124] = sys_sched_yield,
    [172] = sys_getpid,
    [178] = sys_gettid,
    [215] = sys_munmap,
    [220] = sys_clone,
    [222] = sys_mmap,
    [226] = sys_mprotect,
};

void syscall(struct trapframe *f) {
    struct args a = { { f->a0, f->a1, f->a2, f->a3, f->a4, f->a5 } };
    u64 n = f->a7;
    f->a0 = (u64)(n < ARRAY_SIZE(table) && table[n] ? table[n](&a) : -ENOSYS);
}
