/*
 * The guest kernel: prototypes grouped by file. One hart, S-mode, never interrupted in the kernel: interrupts are taken
 * from user mode and when idle, so kernel data needs no locks; a function that may sleep says so.
 * Functions that can fail return 0 or more, or -errno. No H-extension CSR is used: HS and VS see the same kernel.
 */
#ifndef VM_H
#define VM_H

#include "csr.h"
#include "errno.h"
#include "kernel/layout.h"
#include "kernel/list.h"
#include "kernel/string.h"
#include "types.h"

#define RAM_GIB_MAX 16
#define HZ 100 /* ticks per second while a process runs */
#define TICKS_NEVER (~0UL)
#define NS_PER_S 1000000000UL

/* --- console.c --- */
void console_init(void);
void console_put(char c);
void printk(const char *fmt, ...);
_Noreturn void panic(const char *fmt, ...);
/* Power off by SBI; `failed` says so to whoever listens (firmware: finisher code 1, VMM: exit code 1). */
_Noreturn void power_off(bool failed);

/* --- boot.c: what device tree and command line say --- */
#define MAX_VIRTIO 16
struct boot_info {
    u64 hart, timebase; /* Hz */
    paddr_t ram_base, ram_end, initrd, initrd_end, tree, tree_end;
    paddr_t uart, plic; /* 0: none */
    u32 uart_shift;     /* log2 of the distance of UART registers */
    u32 plic_context, plic_sources;
    struct {
        paddr_t base;
        u32 irq;
    } virtio[MAX_VIRTIO];
    u32 virtios;
    u64 seed;
    u32 ip, netmask; /* host byte order; 0: no network */
    const char *bootargs;
};
extern struct boot_info boot;
void boot_read(u64 hart, paddr_t tree);
/* The n-th word of the command line that begins with `key` ("run="): what follows, *len characters; null when none. */
const char *boot_option(const char *key, u32 n, size_t *len);
/* A number below `limit` that depends on seed and salt only. */
u64 boot_random(u64 salt, u64 limit);

/* --- page.c --- */
void page_init(void);
/* Contiguous memory for the kernel's own tables, page aligned, not cleared; panics when there is none. Boot only. */
void *boot_alloc(u64 bytes);
/* A page, null when there is none; zeroed by page_zeroed. */
void *page_alloc(void);
void *page_zeroed(void);
void page_free(void *page);
u64 pages_free(void);

/* --- timer.c --- */
struct timer {
    struct list link; /* in the list ordered by deadline; empty when not armed */
    u64 deadline;     /* time CSR */
    void (*fire)(struct timer *t);
};
void timer_init(void);
static inline u64 now(void) { return csr_read(CSR_TIME); }
u64 ns_to_time(u64 ns);
u64 time_to_ns(u64 time);
static inline void timer_setup(struct timer *t, void (*fire)(struct timer *)) {
    list_init(&t->link);
    t->fire = fire;
}
/* (Re)arms. */
void timer_set(struct timer *t, u64 deadline);
static inline bool timer_armed(const struct timer *t) { return !list_empty(&t->link); }
static inline void timer_cancel(struct timer *t) { list_del(&t->link); }
/* The timer interrupt; `running`: a process is being interrupted, so its tick goes on. */
void timer_interrupt(bool running);
/* A process is about to run after idling: its tick is due within a period. */
void timer_resume_tick(void);

/* --- plic.c --- */
void plic_init(void);
void plic_register(u32 irq, void (*handler)(void *), void *argument);
void plic_interrupt(void);

/* --- space.c: a process's address space --- */
#define MAX_AREAS 32
#define VM_READ 1
#define VM_WRITE 2
#define VM_EXEC 4
#define USER_BASE 0x10000UL
#define USER_END (USER_TOP - PAGE_SIZE)
struct area {
    u64 start, end; /* page aligned */
    u32 prot;
};
struct space {
    u64 *table; /* Sv39 root */
    u64 satp;
    struct area areas[MAX_AREAS]; /* sorted, disjoint */
    u32 area_count;
    u64 brk_start, brk;
};
void space_init(void);
int space_create(struct space *s, u32 asid);
void space_destroy(struct space *s);
void space_activate(const struct space *s);
/* Zero pages on demand in [start, end). */
int space_map(struct space *s, u64 start, u64 end, u32 prot);
int space_unmap(struct space *s, u64 start, u64 end);
/* mmap's choice of a place for `size` bytes; 0 when there is none. */
u64 space_find(const struct space *s, u64 size);
/* New break, or the old one when it cannot be moved there. */
u64 space_set_brk(struct space *s, u64 brk);
/* Serve a page fault: 0, -EFAULT when the access is not allowed, -ENOMEM. */
int space_fault(struct space *s, u64 va, u32 access);
/*
 * The kernel's view of user memory from `va` on, made present, up to the end of its page; null when `access` is not allowed.
 */
u8 *user_page(struct space *s, u64 va, u32 access);
int copy_in(void *to, u64 from, u64 n);
int copy_out(u64 to, const void *from, u64 n);
/* At most size bytes with the terminating zero; length, -EFAULT or -ENAMETOOLONG. */
s64 copy_in_string(char *to, u64 from, u64 size);

/* --- process.c --- */
#define MAX_PROCESSES 16
#define MAX_FDS 1024
#define KERNEL_STACK 8192

/* x[0] holds the pc. On top of the kernel stack. */
struct frame {
    u64 x[32];
};
struct context {
    u64 ra, sp, s[12];
};
enum process_state { UNUSED, RUNNABLE, SLEEPING, ENDED };
struct process {
    u32 pid;
    enum process_state state;
    const void *channel; /* what it sleeps for */
    struct list sleeping;
    struct timer timeout;
    bool timed_out;
    int exit_code;
    struct context context;
    struct space space;
    u8 *stack;
    char name[32];
    struct file *files[MAX_FDS];
    u32 lowest_fd; /* all below are taken */
};
extern struct process *current; /* null until the first process runs */
extern bool need_resched;
void process_init(void);
struct process *process_create(const char *name);
_Noreturn void process_start(void);
/* Give the hart to another runnable process, if there is one. */
void yield(void);
/*
 * Sleep until wakeup(channel) or the deadline (TICKS_NEVER: none): 0, or -ETIMEDOUT. Callers look again at what they wait
 * for. Works before the first process too (the boot thread idles).
 */
int sleep_on(const void *channel, u64 deadline);
void wakeup(const void *channel);
_Noreturn void process_exit(int code);
struct frame *process_frame(struct process *p);

/* --- net.c (net.h has the rest) --- */
/* Tell the NIC what has been offered; called on every way out of the kernel. */
void net_flush(void);

/* --- exec.c --- */
/* Loads the program `argv[0]` of the initramfs into p with these arguments. */
int exec_load(struct process *p, char *const argv[], u32 argc);

/* --- cpio.c: archives in "newc" format --- */
struct cpio_entry {
    char name[256]; /* without leading "./" and "/" */
    u32 mode;
    u64 data, size; /* place in the archive */
    u64 next;       /* place of the next header */
};
/* Reads n bytes at `at` of an archive: 0 or -errno. */
typedef int (*cpio_read)(void *to, u64 at, u64 n);
/* 1 with the entry at `at`, 0 at the end, -EINVAL when the archive is damaged, or what `read` returned. */
int cpio_next(cpio_read read, u64 archive_size, u64 at, struct cpio_entry *e);

/* --- initramfs.c --- */
bool initramfs_find(const char *path, const u8 **bytes, u64 *size);

/* --- file.c: open files --- */
#define POLLIN 0x001u
#define POLLOUT 0x004u
#define POLLERR 0x008u
#define POLLHUP 0x010u
#define POLLRDHUP 0x2000u

#define S_IFMT 0170000u
#define S_IFSOCK 0140000u
#define S_IFREG 0100000u
#define S_IFDIR 0040000u
#define S_IFCHR 0020000u

struct file;
struct file_ops {
    /* Bytes moved; with f->nonblock -EAGAIN instead of sleeping. Null: not possible. */
    s64 (*read)(struct file *f, u64 to, u64 n);
    s64 (*write)(struct file *f, u64 from, u64 n);
    /*
     * Regular files: the kernel's view of the bytes from `at` on; their number (not all up to the end), 0 at the end.
     * Valid until the caller sleeps. May sleep itself.
     */
    s64 (*view)(struct file *f, u64 at, const u8 **bytes);
    /* Takes what it has room for of the kernel's bytes, -EAGAIN when that is nothing; never sleeps. flush: no more follows. */
    s64 (*put)(struct file *f, const u8 *bytes, u64 n);
    void (*flush)(struct file *f);
    u32 (*poll)(struct file *f); /* POLL... now true; null: always readable and writable */
    void (*close)(struct file *f);
    u32 mode; /* S_IF... */
};
struct file {
    const struct file_ops *ops; /* null: free */
    bool nonblock;
    void *object;    /* socket, epoll */
    u64 pos;         /* regular files: next byte */
    u64 start, size; /* regular files: place in the archive, bytes */
    struct list watches; /* epoll's interest in it */
};
extern const struct file_ops initramfs_ops;
void file_init(void);
/* Null when the table is full. */
struct file *file_new(const struct file_ops *ops, void *object);
void file_close(struct file *f);
/* What `poll` says may now be true of f: tell epoll and ppoll. */
void file_event(struct file *f, u32 events);
u32 file_poll(struct file *f);
/* Descriptor of the current process: -EMFILE when there is none free. */
int fd_install(struct file *f);
struct file *fd_file(u64 fd);
int fd_close(u64 fd);
/* Bytes of a regular file from `at` on, to user memory. */
s64 file_pread(struct file *f, u64 to, u64 n, u64 at);
/* Descriptors 0, 1, 2 of a new process. */
int console_descriptors(struct process *p);

/* --- epoll.c: epoll and ppoll --- */
void epoll_forget(struct file *f);
void epoll_event(struct file *f, u32 events);
void poll_wakeup(void);

/* --- blk.c --- */
#define BLK_PAGES_MAX 14 /* of one request */
void blk_init(void);
/* Bytes; 0: no device. */
u64 blk_size(void);
/* Reads `count` pages from page number `block` of the device on. Sleeps. 0 or -EIO. */
int blk_read(u64 block, void *const pages[], u32 count);

/* --- disk.c: /disk, a cpio archive on the block device --- */
void disk_init(void);
extern const struct file_ops disk_file_ops;
int disk_find(const char *path, u64 *start, u64 *size);

/* --- syscall.c, sys_file.c, sys_socket.c: system calls, Linux's numbers and structures --- */
struct args {
    u64 a[6];
};
void syscall(struct frame *f);
int copy_in_timespec(u64 from, u64 *ns);
s64 sys_openat(const struct args *a);
s64 sys_close(const struct args *a);
s64 sys_read(const struct args *a);
s64 sys_write(const struct args *a);
s64 sys_writev(const struct args *a);
s64 sys_pread64(const struct args *a);
s64 sys_lseek(const struct args *a);
s64 sys_fstat(const struct args *a);
s64 sys_newfstatat(const struct args *a);
s64 sys_fcntl(const struct args *a);
s64 sys_sendfile(const struct args *a);
s64 sys_epoll_create1(const struct args *a);
s64 sys_epoll_ctl(const struct args *a);
s64 sys_epoll_pwait(const struct args *a);
s64 sys_ppoll(const struct args *a);
s64 sys_socket(const struct args *a);
s64 sys_bind(const struct args *a);
s64 sys_listen(const struct args *a);
s64 sys_accept(const struct args *a);
s64 sys_accept4(const struct args *a);
s64 sys_getsockname(const struct args *a);
s64 sys_getpeername(const struct args *a);
s64 sys_sendto(const struct args *a);
s64 sys_recvfrom(const struct args *a);
s64 sys_setsockopt(const struct args *a);
s64 sys_getsockopt(const struct args *a);
s64 sys_shutdown(const struct args *a);

#endif
