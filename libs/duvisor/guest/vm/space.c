/*
 * Address spaces: Sv39 tables whose upper half is the kernel's, areas of zero pages on demand, and the kernel's access to
 * user memory, which walks the table in software: the kernel itself never takes a page fault.
 */
#include "kernel/pgtable.h"
#include "vm.h"

#define KERNEL_HALF 256 /* first root entry of the kernel's half */
#define MMAP_BASE 0x1000000000UL
#define ASID_SHIFT 44

extern u64 kernel_table[512];

static bool asids; /* the hart tells MAX_PROCESSES address spaces apart */

void space_init(void) {
    u64 satp = csr_read(CSR_SATP), all = 0xFFFFUL << ASID_SHIFT;
    csr_write(CSR_SATP, satp | all);
    asids = (csr_read(CSR_SATP) & all) >> ASID_SHIFT >= MAX_PROCESSES;
    csr_write(CSR_SATP, satp);
    sfence_all();
}

static void flush_page(u64 va) { __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory"); }

int space_create(struct space *s, u32 asid) {
    memset(s, 0, sizeof(*s));
    s->table = page_zeroed();
    if (!s->table) return -ENOMEM;
    memcpy(&s->table[KERNEL_HALF], &kernel_table[KERNEL_HALF], sizeof(u64) * (512 - KERNEL_HALF));
    s->satp = SATP_SV39 | (asids ? (u64)asid << ASID_SHIFT : 0) | virt_to_phys(s->table) >> PAGE_SHIFT;
    return 0;
}

void space_activate(const struct space *s) {
    csr_write(CSR_SATP, s->satp);
    if (!asids) sfence_all();
}

/* The last-level entry for va; null when there is no table and none is to be made, or no memory for one. */
static pte_t *entry(const struct space *s, u64 va, bool make) {
    pte_t *table = s->table;
    for (unsigned level = PT_LEVELS - 1; level > 0; level--) {
        pte_t *e = &table[PT_INDEX(va, level)];
        if (!pte_present(*e)) {
            void *fresh = make ? page_zeroed() : NULL;
            if (!fresh) return NULL;
            *e = pfn_pte(virt_to_phys(fresh) >> PAGE_SHIFT, PTE_V);
        }
        table = pte_table(*e);
    }
    return &table[PT_INDEX(va, 0)];
}

static void free_range(struct space *s, u64 start, u64 end) {
    for (u64 va = start; va < end; va += PAGE_SIZE) {
        pte_t *e = entry(s, va, false);
        if (!e) {
            va = ALIGN_DOWN(va, LEAF_TABLE_SPAN) + LEAF_TABLE_SPAN - PAGE_SIZE;
        } else if (pte_present(*e)) {
            page_free(pte_table(*e));
            *e = 0;
        }
    }
    sfence_all();
}

/* Only the root stays until the process slot is used again: the hart may still run on it. */
void space_destroy(struct space *s) {
    for (u32 i = 0; i < s->area_count; i++) free_range(s, s->areas[i].start, s->areas[i].end);
    s->area_count = 0;
    for (u32 i = 0; i < KERNEL_HALF; i++) {
        if (!pte_present(s->table[i])) continue;
        pte_t *middle = pte_table(s->table[i]);
        for (u32 j = 0; j < 512; j++)
            if (pte_present(middle[j])) page_free(pte_table(middle[j]));
        page_free(middle);
        s->table[i] = 0;
    }
    sfence_all();
}

static struct area *find(struct space *s, u64 va) {
    for (u32 i = 0; i < s->area_count; i++)
        if (va >= s->areas[i].start && va < s->areas[i].end) return &s->areas[i];
    return NULL;
}

static void remove_area(struct space *s, u32 i) {
    s->area_count--;
    memmove(&s->areas[i], &s->areas[i + 1], (s->area_count - i) * sizeof(struct area));
}

int space_map(struct space *s, u64 start, u64 end, u32 prot) {
    if (start >= end || start < USER_BASE || end > USER_END || ((start | end) & ~PAGE_MASK)) return -EINVAL;
    if (end - start > (boot.ram_end - boot.ram_base)) return -ENOMEM;
    u32 i = 0;
    while (i < s->area_count && s->areas[i].end <= start) i++;
    if (i < s->area_count && s->areas[i].start < end) return -EEXIST;
    /* Grow a neighbour where that says the same. */
    if (i && s->areas[i - 1].end == start && s->areas[i - 1].prot == prot) {
        s->areas[i - 1].end = end;
        if (i < s->area_count && s->areas[i].start == end && s->areas[i].prot == prot) {
            s->areas[i - 1].end = s->areas[i].end;
            remove_area(s, i);
        }
        return 0;
    }
    if (i < s->area_count && s->areas[i].start == end && s->areas[i].prot == prot) {
        s->areas[i].start = start;
        return 0;
    }
    if (s->area_count == MAX_AREAS) return -ENOMEM;
    memmove(&s->areas[i + 1], &s->areas[i], (s->area_count - i) * sizeof(struct area));
    s->areas[i] = (struct area){ start, end, prot };
    s->area_count++;
    return 0;
}

int space_unmap(struct space *s, u64 start, u64 end) {
    if (start >= end || end > USER_END || ((start | end) & ~PAGE_MASK)) return -EINVAL;
    for (u32 i = 0; i < s->area_count;) {
        struct area *a = &s->areas[i];
        if (a->end <= start || a->start >= end) {
            i++;
        } else if (a->start < start && a->end > end) { /* a hole in the middle */
            if (s->area_count == MAX_AREAS) return -ENOMEM;
            memmove(a + 1, a, (s->area_count - i) * sizeof(struct area));
            s->area_count++;
            a[0].end = start;
            a[1].start = end;
            break;
        } else if (a->start < start) {
            a->end = start;
            i++;
        } else if (a->end > end) {
            a->start = end;
            i++;
        } else {
            remove_area(s, i);
        }
    }
    free_range(s, start, end);
    return 0;
}

u64 space_find(const struct space *s, u64 size) {
    u64 at = MMAP_BASE;
    for (u32 i = 0; i < s->area_count; i++) {
        if (s->areas[i].end <= at) continue;
        if (s->areas[i].start >= at && s->areas[i].start - at >= size) break;
        at = s->areas[i].end;
    }
    return size <= USER_END - at ? at : 0;
}

u64 space_set_brk(struct space *s, u64 brk) {
    if (brk < s->brk_start || brk > MMAP_BASE) return s->brk;
    u64 old = ALIGN_UP(s->brk, PAGE_SIZE), new = ALIGN_UP(brk, PAGE_SIZE);
    if (new > old && space_map(s, old, new, VM_READ | VM_WRITE)) return s->brk;
    if (new < old && space_unmap(s, new, old)) return s->brk;
    return s->brk = brk;
}

int space_fault(struct space *s, u64 va, u32 access) {
    struct area *a = find(s, va);
    if (!a || (a->prot & access) != access) return -EFAULT;
    pte_t *e = entry(s, va, true);
    if (!e) return -ENOMEM;
    if (!pte_present(*e)) {
        void *page = page_zeroed();
        if (!page) return -ENOMEM;
        /* A and D set beforehand: nobody looks at them here, and not every hart sets them. */
        u64 bits = PTE_V | PTE_U | PTE_A | PTE_D;
        if (a->prot & VM_READ) bits |= PTE_R;
        if (a->prot & VM_WRITE) bits |= PTE_R | PTE_W;
        if (a->prot & VM_EXEC) bits |= PTE_X;
        *e = pfn_pte(virt_to_phys(page) >> PAGE_SHIFT, bits);
    }
    flush_page(va);
    return 0;
}

u8 *user_page(struct space *s, u64 va, u32 access) {
    if (va >= USER_END) return NULL;
    pte_t *e = entry(s, va, false);
    u64 need = PTE_V | PTE_U | (access & VM_WRITE ? PTE_W : PTE_R);
    if (unlikely(!e || (*e & need) != need)) {
        if (space_fault(s, va, access)) return NULL;
        e = entry(s, va, false);
        if ((*e & need) != need) return NULL;
    }
    return (u8 *)pte_table(*e) + (va & ~PAGE_MASK);
}

int copy_in(void *to, u64 from, u64 n) {
    for (u64 done = 0; done < n;) {
        u64 chunk = MIN(n - done, PAGE_SIZE - ((from + done) & ~PAGE_MASK));
        const u8 *p = user_page(&current->space, from + done, VM_READ);
        if (!p) return -EFAULT;
        memcpy((u8 *)to + done, p, chunk);
        done += chunk;
    }
    return 0;
}

int copy_out(u64 to, const void *from, u64 n) {
    for (u64 done = 0; done < n;) {
        u64 chunk = MIN(n - done, PAGE_SIZE - ((to + done) & ~PAGE_MASK));
        u8 *p = user_page(&current->space, to + done, VM_WRITE);
        if (!p) return -EFAULT;
        memcpy(p, (const u8 *)from + done, chunk);
        done += chunk;
    }
    return 0;
}

s64 copy_in_string(char *to, u64 from, u64 size) {
    for (u64 i = 0; i < size; i++) {
        const u8 *p = user_page(&current->space, from + i, VM_READ);
        if (!p) return -EFAULT;
        to[i] = (char)*p;
        if (!to[i]) return (s64)i;
    }
    return -ENAMETOOLONG;
}
