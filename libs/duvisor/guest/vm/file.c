/* Open files and descriptors. A file belongs to one descriptor of one process. */
#include "vm.h"

#define MAX_FILES 2048

static struct file files[MAX_FILES];
static struct list free_files = LIST_INIT(free_files);

void file_init(void) {
    for (u32 i = 0; i < MAX_FILES; i++) list_add_tail(&free_files, &files[i].watches);
}

struct file *file_new(const struct file_ops *ops, void *object) {
    if (list_empty(&free_files)) return NULL;
    struct file *f = list_entry(free_files.next, struct file, watches);
    list_del(&f->watches);
    *f = (struct file){ .ops = ops, .object = object };
    list_init(&f->watches);
    return f;
}

void file_close(struct file *f) {
    epoll_forget(f);
    if (f->ops->close) f->ops->close(f);
    f->ops = NULL;
    list_add(&free_files, &f->watches);
}

void file_event(struct file *f, u32 events) {
    epoll_event(f, events);
    poll_wakeup();
}

u32 file_poll(struct file *f) { return f->ops->poll ? f->ops->poll(f) : POLLIN | POLLOUT; }

static int install(struct process *p, struct file *f) {
    for (u32 fd = p->lowest_fd; fd < MAX_FDS; fd++) {
        if (p->files[fd]) continue;
        p->files[fd] = f;
        p->lowest_fd = fd + 1;
        return (int)fd;
    }
    return -EMFILE;
}

int fd_install(struct file *f) { return install(current, f); }

struct file *fd_file(u64 fd) { return fd < MAX_FDS ? current->files[fd] : NULL; }

int fd_close(u64 fd) {
    struct file *f = fd_file(fd);
    if (!f) return -EBADF;
    current->files[fd] = NULL;
    current->lowest_fd = MIN(current->lowest_fd, (u32)fd);
    file_close(f);
    return 0;
}

s64 file_pread(struct file *f, u64 to, u64 n, u64 at) {
    u64 done = 0;
    while (done < n) {
        const u8 *bytes;
        s64 size = f->ops->view(f, at + done, &bytes);
        if (size < 0) return done ? (s64)done : size;
        if (size == 0) break;
        u64 chunk = MIN(n - done, (u64)size);
        if (copy_out(to + done, bytes, chunk)) return done ? (s64)done : -EFAULT;
        done += chunk;
    }
    return (s64)done;
}

static s64 console_read(struct file *f, u64 to, u64 n) {
    (void)f, (void)to, (void)n;
    return 0; /* no input: end of file */
}

static s64 console_write(struct file *f, u64 from, u64 n) {
    (void)f;
    for (u64 i = 0; i < n; i++) {
        const u8 *p = user_page(&current->space, from + i, VM_READ);
        if (!p) return i ? (s64)i : -EFAULT;
        console_put((char)*p);
    }
    return (s64)n;
}

static const struct file_ops console_ops = { .read = console_read, .write = console_write, .mode = S_IFCHR };

int console_descriptors(struct process *p) {
    for (int i = 0; i < 3; i++) {
        struct file *f = file_new(&console_ops, NULL);
        if (!f) return -ENFILE;
        install(p, f);
    }
    return 0;
}
