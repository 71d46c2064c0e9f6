/*
 * Pages: everything in RAM but the kernel, the device tree and the initramfs. Contiguous tables come from the start of the
 * largest free range at boot. After that pages are handed out once in a row that begins where the seed says, so that RAM
 * never used is never touched (in a VM: never backed); freed pages form a list and go first.
 */
#include "vm.h"

#define MAX_RANGES 4

extern char kernel_end[];

struct range {
    paddr_t start, end;
};

static struct range ranges[MAX_RANGES]; /* free, by address */
static u32 range_count;
static u64 total, fresh, first; /* pages in all ranges; handed out so far; where the row begins */
static struct freed {
    struct freed *next;
} *freed;
static u64 freed_count;

/* Takes [start, end) out of the ranges. */
static void reserve(paddr_t start, paddr_t end) {
    start = ALIGN_DOWN(start, PAGE_SIZE);
    end = ALIGN_UP(end, PAGE_SIZE);
    for (u32 i = 0; i < range_count; i++) {
        struct range *r = &ranges[i];
        if (start >= r->end || end <= r->start) continue;
        struct range after = { end, r->end };
        r->end = MAX(start, r->start);
        if (after.start < after.end && range_count < MAX_RANGES) {
            memmove(&ranges[i + 2], &ranges[i + 1], (range_count - i - 1) * sizeof(struct range));
            ranges[i + 1] = after;
            range_count++;
        }
    }
}

void page_init(void) {
    ranges[range_count++] = (struct range){ virt_to_phys(kernel_end), ALIGN_DOWN(boot.ram_end, PAGE_SIZE) };
    reserve(boot.tree, boot.tree_end);
    if (boot.initrd) reserve(boot.initrd, boot.initrd_end);
}

void *boot_alloc(u64 bytes) {
    if (total) panic("boot_alloc: after the first page was handed out");
    bytes = ALIGN_UP(bytes, PAGE_SIZE);
    struct range *best = &ranges[0];
    for (u32 i = 1; i < range_count; i++)
        if (ranges[i].end - ranges[i].start > best->end - best->start) best = &ranges[i];
    if (best->end - best->start < bytes) panic("boot_alloc: no memory for a table of %lu bytes", bytes);
    void *p = phys_to_virt(best->start);
    best->start += bytes;
    return p;
}

static void count_pages(void) {
    for (u32 i = 0; i < range_count; i++) total += (ranges[i].end - ranges[i].start) >> PAGE_SHIFT;
    if (!total) panic("page_alloc: no memory");
    first = boot_random(1, total);
}

void *page_alloc(void) {
    if (freed) {
        void *page = freed;
        freed = freed->next;
        freed_count--;
        return page;
    }
    if (!total) count_pages();
    if (fresh == total) return NULL;
    u64 n = (first + fresh++) % total;
    for (u32 i = 0;; i++) {
        u64 size = (ranges[i].end - ranges[i].start) >> PAGE_SHIFT;
        if (n < size) return phys_to_virt(ranges[i].start + (n << PAGE_SHIFT));
        n -= size;
    }
}

void *page_zeroed(void) {
    void *page = page_alloc();
    return page ? memset(page, 0, PAGE_SIZE) : NULL;
}

void page_free(void *page) {
    struct freed *f = page;
    f->next = freed;
    freed = f;
    freed_count++;
}

u64 pages_free(void) {
    if (!total) count_pages();
    return total - fresh + freed_count;
}
