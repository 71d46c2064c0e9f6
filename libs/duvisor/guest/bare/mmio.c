/* One-byte loads from the serial port's interrupt-enable register at 0x3F9 (paper-results.md §2). */
#include "bare.h"
#include "guest_sbi.h"
#include "probe.h"

#define IER 0x3F9
#define IER_VALUE 0x0A /* any value of the low four bits; the model wires no interrupt */

/* Number of loads that gave another value than was stored. */
static __attribute__((noinline)) u64 loads(u64 n) {
    u64 wrong = 0;
    for (; n; n--) {
        s64 value;
        OP();
        asm volatile("lb %0, 0(%1)" : "=r"(value) : "r"(IER) : "memory");
        wrong += value != IER_VALUE;
    }
    return wrong;
}

int main(const void *device_tree) {
    struct fdt tree;
    struct counts counts;
    if (!fdt_open(&tree, device_tree) || !read_counts(&tree, &counts)) return BARE_BAD_ARGUMENTS;

    asm volatile("sb %0, 0(%1)" ::"r"(IER_VALUE), "r"(IER) : "memory");
    u64 wrong = loads(counts.warmup);
    sbi_call(SBI_MEASURE_START, 0, 0);
    u64 start = measure_begin();
    wrong += loads(counts.iterations);
    u64 end = measure_end();
    sbi_call(SBI_MEASURE_END, 0, 0);

    print_result("mmio", counts.iterations, end - start);
    if (!wrong) return BARE_OK;
    say("mmio: %lu loads gave a wrong value\n", wrong);
    return BARE_WRONG_RESULT;
}
