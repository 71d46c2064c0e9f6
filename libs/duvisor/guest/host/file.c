/* File descriptors of a process and the life of an open file. */
#include "kernel/file.h"

#include "errno.h"
#include "kernel.h"

#define MAX_FDS 64

struct files {
    spinlock_t lock;
    struct file *fd[MAX_FDS];
};

struct files *files_create(void) { return kzalloc(sizeof(struct files)); }

struct file *file_new(const struct file_ops *ops, void *private, u32 flags) {
    struct file *f = kzalloc(sizeof(*f));
    if (!f) return NULL;
    f->ops = ops;
    f->private = private;
    f->flags = flags;
    atomic_set(&f->refs, 1);
    wait_queue_init(&f->poll_wait);
    return f;
}

struct file *fget(int fd) {
    struct files *fs = current->process->files;
    if (fd < 0 || fd >= MAX_FDS) return NULL;
    spin_lock(&fs->lock);
    struct file *f = fs->fd[fd];
    if (f) atomic_inc(&f->refs);
    spin_unlock(&fs->lock);
    return f;
}

void fput(struct file *f) {
    if (!atomic_dec_and_test(&f->refs)) return;
    if (f->ops && f->ops->release) f->ops->release(f);
    kfree(f);
}

int fd_install(struct file *f) {
    struct files *fs = current->process->files;
    int fd = -EMFILE;
    spin_lock(&fs->lock);
    for (int i = 0; i < MAX_FDS; i++) {
        if (fs->fd[i]) continue;
        fs->fd[i] = f;
        fd = i;
        break;
    }
    spin_unlock(&fs->lock);
    return fd;
}

int close_fd(int fd) {
    struct files *fs = current->process->files;
    if (fd < 0 || fd >= MAX_FDS) return -EBADF;
    spin_lock(&fs->lock);
    struct file *f = fs->fd[fd];
    fs->fd[fd] = NULL;
    spin_unlock(&fs->lock);
    if (!f) return -EBADF;
    fput(f);
    return 0;
}

int anon_inode_getfd(const struct file_ops *ops, void *private, u32 flags) {
    struct file *f = file_new(ops, private, flags);
    if (!f) return -ENOMEM;
    int fd = fd_install(f);
    if (fd < 0) kfree(f); /* not fput: `private` stays the caller's */
    return fd;
}

void files_close_all(struct files *fs) {
    for (int i = 0; i < MAX_FDS; i++) {
        if (!fs->fd[i]) continue;
        fput(fs->fd[i]);
        fs->fd[i] = NULL;
    }
    kfree(fs);
}
