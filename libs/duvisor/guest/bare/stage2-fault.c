/*
 * One-byte loads, one per page, from 0x8020_2000 upward: each is the first touch of its page and ends in a stage-2 fault
 * (paper-results.md §2). The page of the device tree is left out: it was read before.
 */
#include "bare.h"
#include "guest_sbi.h"
#include "probe.h"

#define PAGE 4096ul
#define FIRST_PAGE 0x80202000ul

/* Touches n pages from *page on and moves it behind them. Returns the loaded bytes or-ed: 0, since new RAM is zero. */
static __attribute__((noinline)) u64 touch(u64 *page, u64 n) {
    u64 bytes = 0;
    for (; n; n--, *page += PAGE) {
        u64 byte;
        OP();
        asm volatile("lb %0, 0(%1)" : "=r"(byte) : "r"(*page) : "memory");
        bytes |= byte;
    }
    return bytes;
}

/* As touch(), going round the pages [hole, hole_end). */
static u64 touch_around(u64 *page, u64 n, u64 hole, u64 hole_end) {
    u64 below = *page < hole ? (hole - *page) / PAGE : 0;
    u64 first = n < below ? n : below;
    u64 bytes = touch(page, first);
    if (first == n) return bytes;
    if (*page == hole) *page = hole_end;
    return bytes | touch(page, n - first);
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

    u64 page = FIRST_PAGE;
    u64 bytes = touch_around(&page, counts.warmup, hole, hole_end);
    sbi_call(SBI_MEASURE_START, 0, 0);
    u64 start = measure_begin();
    bytes |= touch_around(&page, counts.iterations, hole, hole_end);
    u64 end = measure_end();
    sbi_call(SBI_MEASURE_END, 0, 0);

    print_result("stage2-fault", counts.iterations, end - start);
    if (!bytes) return BARE_OK;
    say("stage2-fault: new pages are not zero (0x%lx)\n", bytes);
    return BARE_WRONG_RESULT;
}
