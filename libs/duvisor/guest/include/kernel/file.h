/* Open files, descriptors and devices (host/file.c, device.c). */
#ifndef KERNEL_FILE_H
#define KERNEL_FILE_H

#include "kernel/atomic.h"
#include "kernel/wait.h"

struct file;
struct vma;

#define POLLIN 1
#define POLLOUT 4
#define POLLHUP 16

/* A piece of user memory. */
struct iovec {
    u64 base, length;
};

struct file_ops {
    s64 (*read)(struct file *f, u64 user_buf, u64 n);
    s64 (*write)(struct file *f, u64 user_buf, u64 n);
    /* One transfer from or to `count` checked pieces: a frame of a tap, bytes of a disk at `position`. */
    s64 (*read_at)(struct file *f, const struct iovec *pieces, u32 count, u64 position);
    s64 (*write_at)(struct file *f, const struct iovec *pieces, u32 count, u64 position);
    s64 (*sync)(struct file *f); /* what was written is on the medium */
    s64 (*size)(struct file *f); /* bytes, of a file that has positions */
    s64 (*ioctl)(struct file *f, u32 cmd, u64 arg);
    int (*mmap)(struct file *f, struct vma *vma); /* mmap_lock held for writing; set vma->ops or remap */
    u32 (*poll)(struct file *f);                  /* POLL* ready now; waiters sleep on file->poll_wait */
    int (*open)(struct file *f);
    void (*release)(struct file *f);              /* last reference gone */
};

struct file {
    const struct file_ops *ops;
    void *private;
    atomic_t refs;
    u32 flags; /* O_* */
    u64 pos;
    struct wait_queue poll_wait;
};

/* Reference to the file behind fd of the current process, or null. */
struct file *fget(int fd);
void fput(struct file *f);
static inline struct file *file_get(struct file *f) { atomic_inc(&f->refs); return f; }
/* A new descriptor for a file without a name (KVM's vm and vcpu, eventfd). The fd or -errno. */
int anon_inode_getfd(const struct file_ops *ops, void *private, u32 flags);
int close_fd(int fd);

/* Make `ops` openable as /dev/<name> (host/device.c). Called by a driver's start function, see host/main.c. */
void device_register(const char *name, const struct file_ops *ops);
/* The KVM-like module's start function. */
int kvm_init(void);

#endif
