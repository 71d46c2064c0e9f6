/* get_user_pages: hold on to the pages behind a user address, faulting them in. KVM finds guest RAM this way. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

/* The page mapped at addr, with a reference; null when absent, or not writable although wanted. */
static struct page *follow_page_mask(struct vma *v, u64 addr, unsigned foll) {
    STEP(follow_page_mask);
    pte_t *table = v->mm->pgd;
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t e = READ_ONCE(table[PT_INDEX(addr, level)]);
        if (!pte_present(e)) return NULL;
        table = pte_table(e);
    }
    pte_t *slot = &table[PT_INDEX(addr, 0)];
    struct page *p = NULL;
    STEP_CALL(spin_lock, follow_page_mask, spin_lock(&v->mm->page_table_lock));
    pte_t e = READ_ONCE(*slot);
    if (pte_present(e) && !(e & PTE_SPECIAL) && (!(foll & FOLL_WRITE) || e & PTE_W)) {
        p = pfn_to_page(pte_pfn(e));
        get_page(p);
        if (foll & FOLL_TOUCH) {
            if ((foll & FOLL_WRITE) && !(e & PTE_D)) set_page_dirty(p);
            STEP_CALL(folio_mark_accessed, follow_page_mask, mark_page_accessed(p));
        }
    }
    STEP_CALL(spin_unlock, follow_page_mask, spin_unlock(&v->mm->page_table_lock));
    return p;
}

/* One page; mmap_lock held for reading. */
static int get_one(struct mm *mm, u64 addr, unsigned foll, struct page **out) {
    struct vma *v;
    STEP_CALL(mtree_load, get_user_pages, v = vma_lookup(mm, addr));
    if (!v || v->flags & (VM_PFNMAP | VM_IO)) return -EFAULT;
    if (!(v->flags & (foll & FOLL_WRITE ? VM_WRITE : VM_READ))) return -EFAULT;
    while (!(*out = follow_page_mask(v, addr, foll))) {
        STEP(get_user_pages);
        if (kill_pending()) return -EINTR;
        int error = handle_mm_fault(v, addr, foll & FOLL_WRITE ? FAULT_WRITE : 0);
        STEP(get_user_pages);
        if (error) return error;
        cond_resched();
    }
    STEP(get_user_pages);
    return 0;
}

long get_user_pages_unlocked(struct mm *mm, u64 addr, long n, struct page **pages, unsigned foll) {
    STEP(get_user_pages_unlocked);
    long got = 0;
    int error = 0;
    addr &= PAGE_MASK;
    STEP_CALL(down_read, get_user_pages, down_read(&mm->mmap_lock));
    while (got < n && !(error = get_one(mm, addr, foll, &pages[got]))) {
        got++;
        addr += PAGE_SIZE;
    }
    STEP_CALL(up_read, get_user_pages_unlocked, up_read(&mm->mmap_lock));
    return got ? got : error;
}
