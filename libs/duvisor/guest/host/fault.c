/* Demand paging: what is behind a user page that is not (or not writably) in the page table. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

#define RSS_BATCH 64 /* a task's counts reach the mm this many pages late */

static u64 pte_bits(const struct vma *v) {
    u64 bits = PTE_V | PTE_U | PTE_A;
    if (v->flags & (VM_READ | VM_WRITE)) bits |= PTE_R; /* W without R is reserved */
    if (v->flags & VM_EXEC) bits |= PTE_X;
    if (v->flags & VM_WRITE) bits |= PTE_W | PTE_D;
    return bits;
}

static void add_mm_counter(struct mm *mm, enum mm_counter which) {
    if (current->mm != mm) {
        __atomic_fetch_add(&mm->counters[which], 1, __ATOMIC_RELAXED);
        return;
    }
    if (++current->mm_counters[which] >= RSS_BATCH) mm_fold_counters(current);
}

/* Enter an anonymous page of this address space: reverse mapping, counts, ageing. Page-table lock held. */
static void install_anon(struct vma *v, u64 addr, struct page *p, pte_t *slot) {
    STEP(page_add_new_anon_rmap);
    p->mapping = v->mm;
    p->index = addr >> PAGE_SHIFT;
    atomic_set(&p->mapcount, 1);
    set_bit(PG_UPTODATE, &p->flags);
    set_bit(PG_SWAPBACKED, &p->flags);
    add_mm_counter(v->mm, MM_ANON);
    STEP_CALL(mod_node_page_state, lru_add, mod_zone_stat(ZONE_ANON_PAGES, 1));
    lru_add(p);
    STEP(set_pte);
    WRITE_ONCE(*slot, pfn_pte(page_to_pfn(p), pte_bits(v)));
    sfence_page(addr);
}

/* First touch of anonymous memory: a zeroed page, or for a read the shared page of zeros. */
static int do_anonymous_page(struct vma *v, u64 addr, pte_t *slot, unsigned flags) {
    STEP(do_anonymous_page);
    struct mm *mm = v->mm;
    struct page *p = NULL;
    if (flags & FAULT_WRITE) {
        p = alloc_pages(0, GFP_ZERO);
        STEP(do_anonymous_page);
        if (!p) return -ENOMEM;
    }
    STEP_CALL(spin_lock, do_anonymous_page, spin_lock(&mm->page_table_lock));
    if (pte_present(*slot)) { /* another thread was faster */
        if (p) put_page(p);
    } else if (p) {
        install_anon(v, addr, p, slot);
        STEP(do_anonymous_page);
    } else {
        WRITE_ONCE(*slot, pfn_pte(page_to_pfn(zero_page), pte_bits(v) & ~(PTE_W | PTE_D)));
        sfence_page(addr);
    }
    STEP_CALL(spin_unlock, do_anonymous_page, spin_unlock(&mm->page_table_lock));
    return 0;
}

/* Private memory that starts as a file's contents: a copy per process, zero behind the end of the file part. */
static int do_file_page(struct vma *v, u64 addr, pte_t *slot) {
    const struct initramfs_file *file = initramfs_data(v->file);
    struct page *p = alloc_pages(0, GFP_ZERO);
    if (!p) return -ENOMEM;
    u64 at = addr - v->start;
    if (at < v->file_bytes)
        memcpy(page_address(p), file->data + v->file_offset + at, MIN(v->file_bytes - at, PAGE_SIZE));
    spin_lock(&v->mm->page_table_lock);
    if (pte_present(*slot)) put_page(p);
    else install_anon(v, addr, p, slot);
    spin_unlock(&v->mm->page_table_lock);
    if (v->flags & VM_EXEC) __asm__ volatile("fence.i" ::: "memory");
    return 0;
}

/* A driver's page (KVM's run page), shared with the kernel. */
static int do_driver_page(struct vma *v, u64 addr, pte_t *slot) {
    if (!v->ops->fault) return -EFAULT;
    struct page *p = v->ops->fault(v, addr);
    if (!p) return -EFAULT;
    spin_lock(&v->mm->page_table_lock);
    if (pte_present(*slot)) {
        put_page(p);
    } else {
        atomic_inc(&p->mapcount);
        add_mm_counter(v->mm, MM_FILE);
        WRITE_ONCE(*slot, pfn_pte(page_to_pfn(p), pte_bits(v)));
        sfence_page(addr);
    }
    spin_unlock(&v->mm->page_table_lock);
    return 0;
}

/*
 * A write to a present page that is not writable: the page of zeros is replaced by a real one (whoever else translates to
 * it is told), any other is this process's own, for nothing is shared yet.
 */
static int do_write_protected(struct vma *v, u64 addr, pte_t *slot) {
    STEP(do_wp_page);
    struct mm *mm = v->mm;
    bool zero = pte_pfn(*slot) == page_to_pfn(zero_page);
    struct page *p = NULL;
    if (zero && !(p = alloc_pages(0, GFP_ZERO))) return -ENOMEM;
    STEP(do_wp_page);
    if (zero) mm_notify_start(mm, addr, addr + PAGE_SIZE);
    STEP_CALL(spin_lock, do_wp_page, spin_lock(&mm->page_table_lock));
    if (!zero) {
        WRITE_ONCE(*slot, *slot | PTE_W | PTE_D | PTE_A);
        sfence_page(addr);
    } else if (pte_pfn(*slot) == page_to_pfn(zero_page)) {
        install_anon(v, addr, p, slot);
    } else {
        put_page(p);
    }
    STEP_CALL(spin_unlock, do_wp_page, spin_unlock(&mm->page_table_lock));
    if (zero) mm_notify_end(mm, addr, addr + PAGE_SIZE);
    return 0;
}

int handle_mm_fault(struct vma *v, u64 addr, unsigned flags) {
    STEP(handle_mm_fault);
    count_vm_event(EVENT_PAGE_FAULT);
    current->faults++;
    u64 need = flags & FAULT_WRITE ? VM_WRITE : flags & FAULT_EXEC ? VM_EXEC : VM_READ;
    if (!(v->flags & need)) return -EFAULT;
    addr &= PAGE_MASK;
    pte_t *slot = page_table_slot(v->mm->pgd, addr, true);
    STEP(handle_mm_fault);
    if (!slot) return -ENOMEM;
    pte_t e = READ_ONCE(*slot);
    if (pte_present(e)) {
        if (e & PTE_SPECIAL) return -EFAULT; /* everything a driver area allows is mapped at once */
        if ((flags & FAULT_WRITE) && !(e & PTE_W)) return do_write_protected(v, addr, slot);
        sfence_page(addr); /* another thread mapped it meanwhile */
        return 0;
    }
    if (v->ops) return do_driver_page(v, addr, slot);
    if (v->flags & VM_PFNMAP) return -EFAULT;
    if (v->file) return do_file_page(v, addr, slot);
    return do_anonymous_page(v, addr, slot, flags);
}

int remap_pfn_range(struct vma *v, u64 pfn) {
    u64 bits = pte_bits(v) | PTE_SPECIAL;
    v->flags |= VM_PFNMAP;
    for (u64 va = v->start; va < v->end;) {
        pte_t *slot = page_table_slot(v->mm->pgd, va, true);
        if (!slot) return -ENOMEM;
        do { /* the rest of this leaf table */
            *slot++ = pfn_pte(pfn++, bits);
            va += PAGE_SIZE;
        } while (va < v->end && va & (LEAF_TABLE_SPAN - 1));
    }
    sfence_all();
    return 0;
}
