/* Address spaces: VMAs in a red-black tree, demand paging, get_user_pages (host/mm.c, fault.c, gup.c). */
#ifndef KERNEL_MM_H
#define KERNEL_MM_H

#include "kernel/list.h"
#include "kernel/mutex.h"
#include "kernel/page.h"
#include "kernel/pgtable.h"
#include "kernel/rbtree.h"

struct file;
struct vma;

#define VM_READ BIT(0)
#define VM_WRITE BIT(1)
#define VM_EXEC BIT(2)
#define VM_SHARED BIT(3)
#define VM_PFNMAP BIT(4) /* fixed physical area, no struct pages: never given out by get_user_pages */
#define VM_IO BIT(5)

struct vma_ops {
    /* Page to map at `addr`, with a reference for the mapping; null = fault. */
    struct page *(*fault)(struct vma *vma, u64 addr);
    void (*close)(struct vma *vma);
};

struct vma {
    u64 start, end; /* page aligned, end exclusive */
    u64 flags;      /* VM_* */
    struct rb_node node;
    struct mm *mm;
    const struct vma_ops *ops; /* null: anonymous, or private copy of a file */
    struct file *file;         /* reference held; null for anonymous */
    u64 file_offset;           /* of `start`, in bytes */
    u64 file_bytes;            /* bytes from the file; the rest of the VMA is zero */
    void *private;
    struct vma *next_gone; /* mm.c: removed, to be released once mmap_lock is free */
};

/* Told when part of an address space goes away, so that second-stage tables can follow (KVM). */
struct mm_notifier;
struct mm_notifier_ops {
    void (*invalidate_start)(struct mm_notifier *n, u64 start, u64 end);
    void (*invalidate_end)(struct mm_notifier *n, u64 start, u64 end);
};
struct mm_notifier {
    const struct mm_notifier_ops *ops;
    struct list link;
};

enum mm_counter { MM_ANON, MM_FILE, MM_COUNTERS };

struct mm {
    pte_t *pgd;
    struct rb_root vmas;
    struct rwsem mmap_lock;
    spinlock_t page_table_lock;
    atomic_t users;
    s64 counters[MM_COUNTERS]; /* resident pages, folded from the per-task counts */
    struct list notifiers;
};

struct mm *mm_create(void);
void mm_put(struct mm *mm); /* last user: unmaps everything */

/* First VMA with end > addr, or null: the caller checks start. mmap_lock held. */
struct vma *find_vma(struct mm *mm, u64 addr);
/* The VMA that holds addr, or null. mmap_lock held. */
struct vma *vma_lookup(struct mm *mm, u64 addr);
/* Map `length` bytes; address 0 = choose one. Returns the address or -errno. Takes mmap_lock. */
s64 mm_map(struct mm *mm, u64 addr, u64 length, u64 vm_flags, bool fixed, struct file *file, u64 offset);
int mm_unmap(struct mm *mm, u64 start, u64 length);
/* Enter physical pages [pfn, ...) for the whole VMA at once (drivers' mmap). mmap_lock held for writing. */
int remap_pfn_range(struct vma *vma, u64 pfn);

#define FAULT_WRITE BIT(0)
#define FAULT_EXEC BIT(1)
#define FAULT_USER BIT(2)
/* Make the page at addr present. 0, or -EFAULT (no such mapping or permission), or -ENOMEM. mmap_lock held for reading. */
int handle_mm_fault(struct vma *vma, u64 addr, unsigned flags);

#define FOLL_WRITE BIT(0)
#define FOLL_TOUCH BIT(1) /* mark the page accessed */
/* Fault in and reference n user pages from `addr` on; takes and drops mmap_lock. Returns pages got, or -errno for none. */
long get_user_pages_unlocked(struct mm *mm, u64 addr, long n, struct page **pages, unsigned foll);

void mm_notifier_register(struct mm *mm, struct mm_notifier *n);
void mm_notifier_unregister(struct mm *mm, struct mm_notifier *n);

#endif
