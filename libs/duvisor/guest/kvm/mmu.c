/* The G-stage table of a VM, Sv39x4 with 4 KiB leaves (Linux: arch/riscv/kvm/mmu.c). */
#include "errno.h"
#include "kvm/kvm.h"

#define ROOT_ORDER 2 /* 16 KiB: 2048 entries */
#define GSTAGE_LEVELS 3

#define GSTAGE_TABLE PTE_V
#define GSTAGE_READ_EXEC (PTE_V | PTE_R | PTE_X | PTE_U | PTE_A | PTE_D)

static u64 gstage_index(gpa_t gpa, u32 level) {
    u64 mask = level == GSTAGE_LEVELS - 1 ? 2047 : 511;
    return gpa >> (PAGE_SHIFT + 9 * level) & mask;
}

int gstage_create(struct kvm *kvm) {
    struct page *root = alloc_pages(ROOT_ORDER, GFP_ZERO);
    if (!root) return -ENOMEM;
    kvm->pgd = page_address(root);
    return 0;
}

/* Pages for tables, taken before the spinlock under which they may be needed. */
static int pt_cache_topup(struct kvm_vcpu *v) {
    if (v->pt_cached >= GSTAGE_LEVELS) return 0;
    while (v->pt_cached < KVM_PT_CACHE) {
        struct page *page = alloc_pages(0, GFP_ZERO);
        if (!page) return v->pt_cached >= GSTAGE_LEVELS ? 0 : -ENOMEM;
        v->pt_cache[v->pt_cached++] = page;
    }
    return 0;
}

void pt_cache_free(struct kvm_vcpu *v) {
    while (v->pt_cached) free_pages(v->pt_cache[--v->pt_cached], 0);
}

/*
 * Sets the leaf of gpa, making tables on the way; mmu_lock held. The new entry is announced to every vCPU, also when there
 * was none before: Linux does not ask.
 */
static int gstage_set_pte(struct kvm_vcpu *v, gpa_t gpa, pte_t leaf) {
    PHASE(mapping);
    STEP(gstage_set_pte);
    struct kvm *kvm = v->kvm;
    u32 level = GSTAGE_LEVELS - 1;
    pte_t *table = kvm->pgd;
    pte_t *slot = &table[gstage_index(gpa, level)];
    while (level > 0) {
        pte_t entry = *slot;
        if (pte_leaf(entry)) return -EEXIST;
        if (!entry) {
            if (!v->pt_cached) return -ENOMEM;
            struct page *page = v->pt_cache[--v->pt_cached];
            table = page_address(page);
            *slot = pfn_pte(page_to_pfn(page), GSTAGE_TABLE);
        } else {
            table = pte_table(entry);
        }
        level--;
        slot = &table[gstage_index(gpa, level)];
    }
    WRITE_ONCE(*slot, leaf);
    PHASE(other);
    STEP_CALL(make_xfence_request, kvm_riscv_gstage_map, hfence_gpa(kvm, gpa, PAGE_SIZE, PAGE_SHIFT));
    return 0;
}

/* The page behind a user address, with a reference; writable says what the G-stage entry may allow. */
static struct page *gfn_to_page(hva_t hva, bool write, bool *writable) {
    STEP(__gfn_to_pfn_memslot);
    struct page *page;
    long got = get_user_pages_unlocked(current->mm, hva, 1, &page, write ? FOLL_WRITE | FOLL_TOUCH : FOLL_TOUCH);
    STEP(__gfn_to_pfn_memslot);
    if (got != 1) return NULL;
    *writable = write;
    return page;
}

/* The invalidations since `seq` may have covered the page found meanwhile; mmu_lock held. */
static bool invalidated(const struct kvm *kvm, u64 seq) {
    if (unlikely(kvm->invalidate_in_progress)) return true;
    smp_rmb();
    return READ_ONCE(kvm->invalidate_seq) != seq;
}

/*
 * A stage-2 fault on a page of `slot`: finds or makes the user page, and maps it. 0 also when the guest shall simply try
 * again; -errno when there is no memory or no such user mapping.
 */
int gstage_map_fault(struct kvm_vcpu *v, struct memslot *slot, gpa_t gpa, hva_t hva, bool write) {
    STEP(kvm_riscv_gstage_map);
    struct kvm *kvm = v->kvm;
    struct mm *mm = current->mm;
    gfn_t gfn = gpa >> PAGE_SHIFT;

    int result;
    STEP_CALL(kvm_mmu_topup_memory_cache, kvm_riscv_gstage_map, result = pt_cache_topup(v));
    if (result) return result;

    /* The mapping decides the page size, and whether there are pages at all; only 4 KiB exist here. */
    STEP_CALL(down_read, kvm_riscv_gstage_map, down_read(&mm->mmap_lock));
    struct vma *vma;
    STEP_CALL(mtree_load, kvm_riscv_gstage_map, vma = vma_lookup(mm, hva));
    if (!vma) {
        up_read(&mm->mmap_lock);
        return -EFAULT;
    }
    u64 seq = READ_ONCE(kvm->invalidate_seq);
    STEP_CALL(up_read, kvm_riscv_gstage_map, up_read(&mm->mmap_lock));
    smp_rmb();

    PHASE(getpage);
    bool writable;
    struct page *page = gfn_to_page(hva, write, &writable);
    PHASE(other);
    STEP(kvm_riscv_gstage_map);
    if (!page) return -EFAULT;

    LOCK(kvm_riscv_gstage_map, &kvm->mmu_lock);
    if (!invalidated(kvm, seq)) {
        pte_t leaf = pfn_pte(page_to_pfn(page), GSTAGE_READ_EXEC);
        if (writable) {
            PHASE(metadata);
            STEP_CALL(kvm_set_pfn_dirty, kvm_riscv_gstage_map, set_page_dirty(page));
            STEP_CALL(mark_page_dirty, kvm_riscv_gstage_map, mark_page_dirty_in_slot(kvm, slot, gfn));
            leaf |= PTE_W;
        }
        result = gstage_set_pte(v, gpa & PAGE_MASK, leaf);
    }
    PHASE(other);
    UNLOCK(kvm_riscv_gstage_map, &kvm->mmu_lock);
    PHASE(metadata);
    STEP_CALL(kvm_set_pfn_accessed, kvm_riscv_gstage_map, mark_page_accessed(page));
    STEP_CALL(kvm_release_pfn_clean, kvm_riscv_gstage_map, put_page(page));
    PHASE(other);
    return result;
}

/* Removes the leaves of [start, end); mmu_lock held. Tables stay. */
void gstage_unmap_range(struct kvm *kvm, gpa_t start, gpa_t end) {
    for (gpa_t gpa = start; gpa < end;) {
        pte_t *table = kvm->pgd;
        u32 level = GSTAGE_LEVELS - 1;
        pte_t *slot = &table[gstage_index(gpa, level)];
        while (level > 0 && *slot) {
            table = pte_table(*slot);
            level--;
            slot = &table[gstage_index(gpa, level)];
        }
        if (*slot && level == 0) {
            *slot = 0;
            hfence_gpa(kvm, gpa, PAGE_SIZE, PAGE_SHIFT);
        }
        u64 step = 1ul << (PAGE_SHIFT + 9 * level); /* an empty upper entry skips all below it */
        gpa = (gpa + step) & ~(step - 1);
    }
}

static void table_free(pte_t *table, u32 level, u32 entries) {
    for (u32 i = 0; level > 0 && i < entries; i++)
        if (table[i]) table_free(pte_table(table[i]), level - 1, 512);
    free_pages(virt_to_page(table), level == GSTAGE_LEVELS - 1 ? ROOT_ORDER : 0);
}

/* The VM is gone: no hart points at the table. */
void gstage_destroy(struct kvm *kvm) { table_free(kvm->pgd, GSTAGE_LEVELS - 1, 2048); }

/* The host is about to change user mappings: G-stage entries for them go, and faults in flight start again. */
static void invalidate_start(struct mm_notifier *n, u64 start, u64 end) {
    struct kvm *kvm = container_of(n, struct kvm, notifier);
    int index = srcu_read_lock(&kvm->srcu);
    spin_lock(&kvm->mmu_lock);
    kvm->invalidate_in_progress++;
    const struct memslots *slots = READ_ONCE(kvm->slots);
    for (u32 i = 0; i < slots->used; i++) {
        const struct memslot *slot = &slots->slots[i];
        u64 low = MAX(start, slot->hva), high = MIN(end, slot->hva + (slot->pages << PAGE_SHIFT));
        u64 base = slot->base << PAGE_SHIFT;
        if (low < high) gstage_unmap_range(kvm, base + (low - slot->hva), base + (high - slot->hva));
    }
    spin_unlock(&kvm->mmu_lock);
    srcu_read_unlock(&kvm->srcu, index);
}

static void invalidate_end(struct mm_notifier *n, u64 start, u64 end) {
    (void)start, (void)end;
    struct kvm *kvm = container_of(n, struct kvm, notifier);
    spin_lock(&kvm->mmu_lock);
    kvm->invalidate_seq++;
    smp_wmb();
    kvm->invalidate_in_progress--;
    spin_unlock(&kvm->mmu_lock);
}

const struct mm_notifier_ops kvm_notifier_ops = {invalidate_start, invalidate_end};
