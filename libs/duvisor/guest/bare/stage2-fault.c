/*
 * One-byte loads, one per page, from 0x8020_2000 upward: each is the first touch of its page and ends in a stage-2 fault
 * (paper-results.md §2). The page of the device tree is left out: it was read before.
 * `access=store` stores instead: under KVM a first load maps the host's shared zero page, a store allocates one
 * (kvm-cost.md §2, rows 3d and 3a).
 */
#include "bare.h"
#include "guest_sbi.h"
#include "probe.h"

#define PAGE 4096ul
#define FIRST_PAGE 0x80202000ul

/* Load from n pages from *page on, and move it behind them. Returns the bytes or-ed: 0, since new RAM is zero. */
static __attribute__((noinline)) u64 load(u64 *page, u64 n) {
    u64 bytes = 0;
    for (; n; n--, *page += PAGE) {
        u64 byte;
        OP();
        asm volatile("lb %0, 0(%1)" : "=r"(byte) : "r"(*page) : "memory");
        bytes |= byte;
    }
    return bytes;
}

/* As load(), storing the low byte of the page number. */
static __attribute__((noinline)) u64 store(u64 *page, u64 n) {
    for (; n; n--, *page += PAGE) {
        u64 number = *page / PAGE;
        OP();
        asm volatile("sb %0, 0(%1)" ::"r"(number), "r"(*page) : "memory");
    }
    return 0;
}

/* Pages with consecutive numbers: [next, hole), then from hole_end on. */
struct range {
    u64 next;
    u64 hole, hole_end;
    u64 (*access)(u64 *page, u64 n);
};

/* Touches the next n pages. */
static u64 touch(struct range *range, u64 n) {
    u64 below = range->next < range->hole ? (range->hole - range->next) / PAGE : 0;
    u64 first = n < below ? n : below;
    u64 bytes = range->access(&range->next, first);
    if (first == n) return bytes;
    if (range->next == range->hole) range->next = range->hole_end;
    return bytes | range->access(&range->next, n - first);
}

/* Stores only: number of touched pages that do not hold what was stored. */
static u64 wrong_pages(const struct range *range) {
    u64 wrong = 0;
    for (u64 page = FIRST_PAGE; page < range->next; page += PAGE)
        if (page < range->hole || page >= range->hole_end) wrong += *(volatile u8 *)page != (u8)(page / PAGE);
    return wrong;
}

/* End of RAM by the device tree's memory node. */
static u64 ram_end(const struct fdt *tree) {
    int memory = fdt_child(tree, fdt_root(tree), "memory");
    u32 size;
    const void *reg = memory < 0 ? 0 : fdt_property(tree, memory, "reg", &size);
    return reg ? fdt_cell64(reg, 0) + fdt_cell64(reg, 2) : 0;
}

int main(const void *device_tree) {
    struct fdt tree;
    struct counts counts;
    if (!fdt_open(&tree, device_tree) || !read_counts(&tree, &counts)) return BARE_BAD_ARGUMENTS;

    u64 hole = (u64)device_tree & ~(PAGE - 1);
    u64 hole_end = ((u64)device_tree + tree.total_size + PAGE - 1) & ~(PAGE - 1);
    u64 pages = counts.warmup + counts.iterations + (hole_end - hole) / PAGE;
    u64 end_of_ram = ram_end(&tree);
    if (pages > (end_of_ram - FIRST_PAGE) / PAGE) {
        say("stage2-fault: %lu pages from 0x%lx on do not fit below 0x%lx\n", pages, FIRST_PAGE, end_of_ram);
        return BARE_BAD_ARGUMENTS;
    }

    bool stores = has_word(boot_arguments(&tree), "access=store");
    struct range range = {FIRST_PAGE, hole, hole_end, stores ? store : load};
    u64 bytes = touch(&range, counts.warmup);
    sbi_call(SBI_MEASURE_START, 0, 0);
    u64 start = measure_begin();
    bytes |= touch(&range, counts.iterations);
    u64 end = measure_end();
    sbi_call(SBI_MEASURE_END, 0, 0);

    print_result("stage2-fault", counts.iterations, end - start);
    u64 wrong = stores ? wrong_pages(&range) : 0;
    if (!bytes && !wrong) return BARE_OK;
    say("stage2-fault: new pages or-ed give 0x%lx, expected 0; %lu pages lost a store\n", bytes, wrong);
    return BARE_WRONG_RESULT;
}
