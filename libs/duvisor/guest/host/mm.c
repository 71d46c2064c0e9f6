/* Address spaces: the tree of VMAs, mmap, munmap and mprotect. Filling them with pages is fault.c's. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

#define MAP_TOP (USER_TOP - (1UL << 30)) /* the stack lives above */

struct page *zero_page;

void mm_init(void) {
    zero_page = alloc_pages(0, GFP_ZERO);
    zero_page->flags = BIT(PG_RESERVED);
}

struct mm *mm_create(void) {
    struct mm *mm = kzalloc(sizeof(*mm));
    if (!mm) return NULL;
    mm->pgd = page_table_new();
    if (!mm->pgd) {
        kfree(mm);
        return NULL;
    }
    rwsem_init(&mm->mmap_lock);
    atomic_set(&mm->users, 1);
    list_init(&mm->notifiers);
    return mm;
}

struct vma *find_vma(struct mm *mm, u64 addr) {
    struct rb_node *n = mm->vmas.node;
    struct vma *found = NULL;
    while (n) {
        struct vma *v = rb_entry(n, struct vma, node);
        if (v->end > addr) {
            found = v;
            if (v->start <= addr) break;
            n = n->left;
        } else {
            n = n->right;
        }
    }
    return found;
}

struct vma *vma_lookup(struct mm *mm, u64 addr) {
    struct vma *v = find_vma(mm, addr);
    return v && v->start <= addr ? v : NULL;
}

static void insert(struct mm *mm, struct vma *v) {
    struct rb_node **link = &mm->vmas.node, *parent = NULL;
    while (*link) {
        parent = *link;
        link = v->start < rb_entry(parent, struct vma, node)->start ? &parent->left : &parent->right;
    }
    rb_insert(&mm->vmas, &v->node, parent, link);
}

struct vma *mm_add_vma(struct mm *mm, u64 start, u64 end, u64 flags, struct file *file, u64 offset, u64 file_bytes) {
    struct vma *v = kzalloc(sizeof(*v));
    if (!v) return NULL;
    v->start = start;
    v->end = end;
    v->flags = flags;
    v->mm = mm;
    v->file = file ? file_get(file) : NULL;
    v->file_offset = offset;
    v->file_bytes = file_bytes;
    insert(mm, v);
    return v;
}

/* Around a change that takes a translation or a permission away. mmap_lock held. */
void mm_notify_start(struct mm *mm, u64 start, u64 end) {
    list_for_each(l, &mm->notifiers) {
        struct mm_notifier *n = list_entry(l, struct mm_notifier, link);
        n->ops->invalidate_start(n, start, end);
    }
}

void mm_notify_end(struct mm *mm, u64 start, u64 end) {
    list_for_each(l, &mm->notifiers) {
        struct mm_notifier *n = list_entry(l, struct mm_notifier, link);
        n->ops->invalidate_end(n, start, end);
    }
}

/* Drop what a page-table entry of the VMA mapped. */
static void zap_entry(struct mm *mm, pte_t e) {
    if (e & PTE_SPECIAL) return;
    struct page *p = pfn_to_page(pte_pfn(e));
    if (p == zero_page) return;
    if (e & PTE_D) set_page_dirty(p);
    atomic_dec(&p->mapcount);
    if (p->mapping == mm) {
        mod_zone_stat(ZONE_ANON_PAGES, -1);
        mm->counters[MM_ANON]--;
    } else {
        mm->counters[MM_FILE]--;
    }
    put_page(p);
}

/* Take the pages of a whole VMA out of the page table. mmap_lock held for writing. */
static void zap_vma(struct vma *v) {
    struct mm *mm = v->mm;
    mm_notify_start(mm, v->start, v->end);
    for (u64 va = v->start; va < v->end;) {
        u64 stop = MIN(v->end, ALIGN_DOWN(va, LEAF_TABLE_SPAN) + LEAF_TABLE_SPAN);
        pte_t *slot = page_table_slot(mm->pgd, va, false);
        for (; slot && va < stop; va += PAGE_SIZE, slot++) {
            pte_t e = *slot;
            if (!pte_present(e)) continue;
            WRITE_ONCE(*slot, 0);
            zap_entry(mm, e);
        }
        va = stop;
    }
    sfence_all();
    mm_notify_end(mm, v->start, v->end);
}

/* Take a VMA and its pages out of the address space; what is left of it goes on the list `gone`. */
static void remove_vma(struct vma *v, struct vma **gone) {
    zap_vma(v);
    rb_erase(&v->mm->vmas, &v->node);
    v->next_gone = *gone;
    *gone = v;
}

/* Without mmap_lock: the last reference to a file may run a driver's release, which may take it. */
static void release_vmas(struct vma *gone) {
    while (gone) {
        struct vma *v = gone;
        gone = v->next_gone;
        if (v->ops && v->ops->close) v->ops->close(v);
        if (v->file) fput(v->file);
        kfree(v);
    }
}

/* Cut `v` in two at `at`; returns the upper part, or null without memory. */
static struct vma *split(struct vma *v, u64 at) {
    u64 gone = at - v->start, bytes = v->file_bytes > gone ? v->file_bytes - gone : 0;
    struct vma *upper = mm_add_vma(v->mm, at, v->end, v->flags, v->file, v->file_offset + gone, bytes);
    if (!upper) return NULL;
    upper->ops = v->ops;
    upper->private = v->private;
    v->end = at;
    v->file_bytes = MIN(v->file_bytes, gone);
    return upper;
}

/* A driver's area is mapped and unmapped as a whole. */
static bool may_split(const struct vma *v) { return !v->ops && !(v->flags & (VM_PFNMAP | VM_IO)); }

/* Make [start, end) begin and end at VMA borders. */
static int isolate(struct mm *mm, u64 start, u64 end) {
    u64 cut[2] = { start, end };
    for (int i = 0; i < 2; i++) {
        struct vma *v = vma_lookup(mm, cut[i]);
        if (!v || v->start == cut[i]) continue;
        if (!may_split(v)) return -EINVAL;
        if (!split(v, cut[i])) return -ENOMEM;
    }
    return 0;
}

static int unmap_locked(struct mm *mm, u64 start, u64 end, struct vma **gone) {
    int error = isolate(mm, start, end);
    if (error) return error;
    for (struct vma *v; (v = find_vma(mm, start)) && v->start < end;) remove_vma(v, gone);
    return 0;
}

static bool valid_range(u64 start, u64 length) {
    return !(start & ~PAGE_MASK) && length && start + length > start && start + length <= USER_TOP;
}

int mm_unmap(struct mm *mm, u64 start, u64 length) {
    length = ALIGN_UP(length, PAGE_SIZE);
    if (!valid_range(start, length)) return -EINVAL;
    struct vma *gone = NULL;
    down_write(&mm->mmap_lock);
    int error = unmap_locked(mm, start, start + length, &gone);
    up_write(&mm->mmap_lock);
    release_vmas(gone);
    return error;
}

s64 mm_protect(struct mm *mm, u64 start, u64 length, u64 vm_flags) {
    length = ALIGN_UP(length, PAGE_SIZE);
    if (!valid_range(start, length)) return -EINVAL;
    u64 end = start + length;
    down_write(&mm->mmap_lock);
    s64 error = isolate(mm, start, end);
    mm_notify_start(mm, start, end);
    for (struct vma *v = find_vma(mm, start); !error && v && v->start < end; v = find_vma(mm, v->end)) {
        v->flags = (v->flags & ~(VM_READ | VM_WRITE | VM_EXEC)) | vm_flags;
        for (u64 va = v->start; va < v->end; va += PAGE_SIZE) {
            pte_t *slot = page_table_slot(mm->pgd, va, false);
            if (!slot || !pte_present(*slot)) continue;
            pte_t e = *slot & ~(PTE_R | PTE_W | PTE_X); /* a lost W comes back by a write fault */
            if (vm_flags & VM_READ) e |= PTE_R;
            if (vm_flags & VM_EXEC) e |= PTE_X;
            WRITE_ONCE(*slot, e);
        }
    }
    sfence_all();
    mm_notify_end(mm, start, end);
    up_write(&mm->mmap_lock);
    return error;
}

/* The highest gap of `length` bytes below MAP_TOP. */
static u64 find_gap(struct mm *mm, u64 length) {
    u64 top = MAP_TOP;
    for (;;) {
        if (top < length + PAGE_SIZE) return 0;
        struct vma *v = find_vma(mm, top - length);
        if (!v || v->start >= top) return top - length;
        top = v->start;
    }
}

/* Enter a VMA at addr (0: no room was found) and let the file's driver set it up. The address or -errno. */
static s64 map_locked(struct mm *mm, u64 addr, u64 length, u64 vm_flags, struct file *file, u64 offset, struct vma **gone) {
    const struct initramfs_file *data = file ? initramfs_data(file) : NULL;
    u64 bytes = data && data->size > offset ? MIN(data->size - offset, length) : 0;
    struct vma *v = addr ? mm_add_vma(mm, addr, addr + length, vm_flags, file, offset, bytes) : NULL;
    if (!v) return -ENOMEM;
    if (!file || data) return (s64)addr;
    int error = file->ops->mmap ? file->ops->mmap(file, v) : -ENODEV;
    if (!error) return (s64)addr;
    v->ops = NULL; /* nothing of the driver's to close */
    remove_vma(v, gone);
    return error;
}

s64 mm_map(struct mm *mm, u64 addr, u64 length, u64 vm_flags, bool fixed, struct file *file, u64 offset) {
    length = ALIGN_UP(length, PAGE_SIZE);
    if (length == 0 || offset & ~PAGE_MASK || (fixed && !valid_range(addr, length))) return -EINVAL;
    if (length > USER_TOP) return -ENOMEM;
    struct vma *gone = NULL;
    down_write(&mm->mmap_lock);
    s64 result = fixed ? unmap_locked(mm, addr, addr + length, &gone) : 0;
    if (!fixed) addr = find_gap(mm, length);
    if (result == 0) result = map_locked(mm, addr, length, vm_flags, file, offset, &gone);
    up_write(&mm->mmap_lock);
    release_vmas(gone);
    return result;
}

void mm_notifier_register(struct mm *mm, struct mm_notifier *n) {
    down_write(&mm->mmap_lock);
    list_add_tail(&mm->notifiers, &n->link);
    up_write(&mm->mmap_lock);
}

void mm_notifier_unregister(struct mm *mm, struct mm_notifier *n) {
    down_write(&mm->mmap_lock);
    list_del(&n->link);
    up_write(&mm->mmap_lock);
}

/* The task's own resident-page counts into the address space's. */
void mm_fold_counters(struct task *t) {
    for (int i = 0; i < MM_COUNTERS; i++) {
        if (t->mm) __atomic_fetch_add(&t->mm->counters[i], t->mm_counters[i], __ATOMIC_RELAXED);
        t->mm_counters[i] = 0;
    }
}

void mm_put(struct mm *mm) {
    if (!atomic_dec_and_test(&mm->users)) return;
    lru_drain();
    struct vma *gone = NULL;
    for (struct rb_node *n; (n = rb_first(&mm->vmas));) remove_vma(rb_entry(n, struct vma, node), &gone);
    release_vmas(gone);
    page_table_free(mm->pgd);
    kfree(mm);
}
