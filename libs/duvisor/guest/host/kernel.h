/* Prototypes inside the host kernel, grouped by file; what the KVM-like module may use is in include/kernel/. */
#ifndef HOST_KERNEL_H
#define HOST_KERNEL_H

#include "kernel/file.h"
#include "kernel/hrtimer.h"
#include "kernel/mm.h"
#include "kernel/printk.h"
#include "kernel/sched.h"
#include "kernel/slab.h"
#include "kernel/string.h"
#include "kernel/uaccess.h"

/* boot.c */
struct boot_info {
    u32 boot_hartid;
    paddr_t ram_base, ram_end;
    const u8 *initrd;
    u64 initrd_size;
    const char *bootargs;
    const char *init_args; /* after "--"; "" when none */
    char init_path[64];
    u64 seed;
    bool dv_ext;
    bool statistics; /* print them when init ends */
};
extern struct boot_info boot;
/* Reads the device tree, moves it and the initramfs behind the kernel. Returns the first free physical byte. */
paddr_t boot_read(paddr_t device_tree, u32 hartid);
struct fdt;
/* Calls `probe` for each node of the machine's device tree, to any depth, whose compatible list has that name. */
void boot_each_compatible(const char *compatible, void (*probe)(const struct fdt *tree, int node));
/* A property by its path in the tree ("/cpus/timebase-frequency"), as a file's contents; null when there is none. */
const void *boot_property(const char *path, u32 *size);
/* A number that depends on the run's seed and on `salt`, below `limit`. */
u64 boot_random(u64 salt, u64 limit);

/* main.c */
extern char kernel_end[];

/* report.c */
void report_statistics(void);

/* shutdown.c */
void machine_exit(u32 code) __attribute__((noreturn));

/* page.c, stat.c */
void page_init(paddr_t first_free);

/* pgtable.c */
void kernel_table_init(void);
pte_t *page_table_new(void);
void page_table_free(pte_t *pgd);
/* Leaf slot of a user address; makes the tables on the way when `make`. Null: none (or no memory). */
pte_t *page_table_slot(pte_t *pgd, u64 va, bool make);
extern pte_t kernel_pgd[512];

/* mm.c */
extern struct page *zero_page;
void mm_init(void);
struct vma *mm_add_vma(struct mm *mm, u64 start, u64 end, u64 flags, struct file *file, u64 offset, u64 file_bytes);
s64 mm_protect(struct mm *mm, u64 start, u64 length, u64 vm_flags);
void mm_fold_counters(struct task *t);
void mm_notify_start(struct mm *mm, u64 start, u64 end);
void mm_notify_end(struct mm *mm, u64 start, u64 end);

/* lru.c */
void lru_drain(void);

/* trap.c */
extern char trap_entry[];
/* Where to continue after a fault at a kernel address that may fault (uaccess.S), or 0. */
u64 extable_find(u64 epc);

/* syscall.c */
void syscall(struct trapframe *f);

/* sched.c */
void sched_init(void);
void sched_add(struct task *t);
void sched_tick(void);
struct task *switch_to(struct task *prev, struct task *next);
void idle_loop(void) __attribute__((noreturn));
void switch_mm(struct mm *next);

/* task.c */
extern struct task boot_task;
extern struct process *init_process;
struct task *task_create(struct process *p, const char *name);
struct process *process_create(void);
void task_exit(int code) __attribute__((noreturn));
void process_exit(int status) __attribute__((noreturn));
void task_free(struct task *t);
extern char thread_start[], kernel_thread_start[];
s64 task_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid);

/* exec.c */
int exec_init(struct process *p, struct task *t, const char *path, const char *args);

/* hrtimer.c */
void timer_init(u64 hz);
void hrtimer_interrupt(void);
void tick_start(void);
void tick_stop(void);
/* Sleep until the clock reads `until` ns; -EINTR when killed. */
int sleep_until(u64 until);
/* Sleep as set up by wait_prepare, at most until `until`; true when the time came first. */
bool schedule_timeout(u64 until);

/* file.c */
struct files *files_create(void);
void files_close_all(struct files *fs);
struct file *file_new(const struct file_ops *ops, void *private, u32 flags);
int fd_install(struct file *f);

/* device.c */
const struct file_ops *device_find(const char *name);

/* initramfs.c */
struct initramfs_file {
    const u8 *data;
    u64 size;
};
bool initramfs_find(const char *path, struct initramfs_file *out);
struct file *initramfs_open(const char *path);
/* A file with these contents, which must stay. */
struct file *contents_open(const u8 *data, u64 size);
/* Contents behind an initramfs file, or null for any other file. */
const struct initramfs_file *initramfs_data(const struct file *f);

/* console.c */
void console_init(void);
void console_put(char c);

/* eventfd.c */
int eventfd_create(u64 count, u32 flags);

/* poll.c */
s64 poll_user(u64 user_fds, u32 count, u64 timeout_ns, bool forever);

/* futex.c */
s64 futex_wait(u64 uaddr, u32 expected, u64 until, bool timed);
s64 futex_wake(u64 uaddr, u32 count);

#endif
