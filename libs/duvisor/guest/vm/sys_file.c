/* System calls on files. */
#include "vm.h"

#define MAX_PATH 256
#define O_ACCMODE 3
#define O_NONBLOCK 04000
#define F_GETFL 3
#define F_SETFL 4
#define F_GETFD 1
#define F_SETFD 2
#define AT_EMPTY_PATH 0x1000
#define MAX_VECTORS 1024

/* struct stat of Linux's generic 64-bit ABI. */
struct stat {
    u64 dev, ino;
    u32 mode, nlink, uid, gid;
    u64 rdev, pad1;
    s64 size;
    s32 blksize, pad2;
    s64 blocks, atime, atime_ns, mtime, mtime_ns, ctime, ctime_ns;
    u32 unused[2];
};

struct iovec {
    u64 base, length;
};

/* `/disk/...` is in the archive on the block device, all else in the initramfs. 0 and the place of the file. */
static int find(const char *path, const struct file_ops **ops, u64 *start, u64 *size) {
    while (path[0] == '/' && path[1] == '/') path++;
    if (strncmp(path, "/disk/", 6) == 0) {
        *ops = &disk_file_ops;
        return disk_find(path + 6, start, size);
    }
    const u8 *bytes;
    if (!initramfs_find(path, &bytes, size)) return -ENOENT;
    *ops = &initramfs_ops;
    *start = (u64)(bytes - (const u8 *)phys_to_virt(boot.initrd));
    return 0;
}

s64 sys_openat(const struct args *a) {
    char path[MAX_PATH];
    s64 n = copy_in_string(path, a->a[1], sizeof(path));
    if (n < 0) return n;
    if (a->a[2] & O_ACCMODE) return -EROFS;
    const struct file_ops *ops;
    u64 start, size;
    int error = find(path, &ops, &start, &size);
    if (error) return error;
    struct file *f = file_new(ops, NULL);
    if (!f) return -ENFILE;
    f->start = start;
    f->size = size;
    int fd = fd_install(f);
    if (fd < 0) file_close(f);
    return fd;
}

s64 sys_close(const struct args *a) { return fd_close(a->a[0]); }

static s64 read_file(struct file *f, u64 to, u64 n) {
    if (f->ops->read) return f->ops->read(f, to, n);
    if (!f->ops->view) return -EINVAL;
    s64 done = file_pread(f, to, n, f->pos);
    if (done > 0) f->pos += (u64)done;
    return done;
}

s64 sys_read(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    return f ? read_file(f, a->a[1], a->a[2]) : -EBADF;
}

static s64 write_file(struct file *f, u64 from, u64 n) {
    if (f->ops->view) return -EBADF; /* open for reading */
    return f->ops->write ? f->ops->write(f, from, n) : -EINVAL;
}

s64 sys_write(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    return f ? write_file(f, a->a[1], a->a[2]) : -EBADF;
}

s64 sys_writev(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    if (!f) return -EBADF;
    if (a->a[2] > MAX_VECTORS) return -EINVAL;
    s64 done = 0;
    for (u64 i = 0; i < a->a[2]; i++) {
        struct iovec v;
        if (copy_in(&v, a->a[1] + i * sizeof(v), sizeof(v))) return done ? done : -EFAULT;
        if (!v.length) continue;
        s64 n = write_file(f, v.base, v.length);
        if (n < 0) return done ? done : n;
        done += n;
        if ((u64)n < v.length) break;
    }
    return done;
}

s64 sys_pread64(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    if (!f) return -EBADF;
    if (!f->ops->view) return -ESPIPE;
    return (s64)a->a[3] < 0 ? -EINVAL : file_pread(f, a->a[1], a->a[2], a->a[3]);
}

s64 sys_lseek(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    if (!f) return -EBADF;
    if (!f->ops->view) return -ESPIPE;
    if (a->a[2] > 2) return -EINVAL;
    u64 base = a->a[2] == 0 ? 0 : a->a[2] == 1 ? f->pos : f->size;
    s64 pos;
    if (__builtin_add_overflow((s64)base, (s64)a->a[1], &pos) || pos < 0) return -EINVAL;
    f->pos = (u64)pos;
    return pos;
}

static s64 put_stat(u64 to, u32 mode, u64 inode, u64 size) {
    struct stat s = { .dev = 1, .ino = inode + 1, .nlink = 1, .size = (s64)size, .blksize = PAGE_SIZE };
    s.mode = mode | (mode == S_IFREG ? 0444 : 0600);
    s.blocks = (s64)((size + 511) / 512);
    return copy_out(to, &s, sizeof(s));
}

s64 sys_fstat(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    return f ? put_stat(a->a[1], f->ops->mode, f->start, f->size) : -EBADF;
}

s64 sys_newfstatat(const struct args *a) {
    char path[MAX_PATH];
    s64 n = copy_in_string(path, a->a[1], sizeof(path));
    if (n < 0) return n;
    if (n == 0 && (a->a[3] & AT_EMPTY_PATH)) return sys_fstat(&(struct args){ { a->a[0], a->a[2] } });
    const struct file_ops *ops;
    u64 start, size;
    int error = find(path, &ops, &start, &size);
    return error ? error : put_stat(a->a[2], S_IFREG, start, size);
}

s64 sys_fcntl(const struct args *a) {
    struct file *f = fd_file(a->a[0]);
    if (!f) return -EBADF;
    switch (a->a[1]) {
    case F_GETFL: return (f->ops->view ? 0 : 2) | (f->nonblock ? O_NONBLOCK : 0);
    case F_SETFL: f->nonblock = a->a[2] & O_NONBLOCK; return 0;
    case F_GETFD:
    case F_SETFD: return 0; /* there is no exec for a descriptor to survive */
    default: return -EINVAL;
    }
}

/* From a regular file to a file that takes the kernel's bytes: no copy by way of the process. */
s64 sys_sendfile(const struct args *a) {
    struct file *out = fd_file(a->a[0]), *in = fd_file(a->a[1]);
    if (!in || !out) return -EBADF;
    if (!in->ops->view || !out->ops->put) return -EINVAL;
    u64 pos = in->pos, count = a->a[3], done = 0;
    if (a->a[2] && copy_in(&pos, a->a[2], sizeof(pos))) return -EFAULT;
    if ((s64)pos < 0) return -EINVAL;
    s64 n = 0;
    while (done < count) {
        const u8 *bytes;
        n = in->ops->view(in, pos + done, &bytes);
        if (n > 0) n = out->ops->put(out, bytes, MIN((u64)n, count - done));
        if (n > 0) done += (u64)n;
        else if (n == -EAGAIN && !out->nonblock) {
            out->ops->flush(out);
            sleep_on(out, TICKS_NEVER);
        } else break; /* end of the file, no room, or an error */
    }
    if (done) out->ops->flush(out);
    pos += done;
    if (!a->a[2]) in->pos = pos;
    else if (copy_out(a->a[2], &pos, sizeof(pos))) return -EFAULT;
    return done ? (s64)done : n;
}
