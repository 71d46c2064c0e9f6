/* Null hypercalls: the cost of a VM exit that asks for nothing (paper-results.md §2). */
#include "bare.h"
#include "guest_sbi.h"
#include "probe.h"

/* Returns what the calls returned, or-ed: 0 if each was answered. The argument is not 0, so a call not handled is seen. */
static __attribute__((noinline)) u64 hypercalls(u64 n) {
    u64 answers = 0;
    for (; n; n--) {
        OP();
        answers |= sbi_call(SBI_NULL_HYPERCALL, 0, 1).error;
    }
    return answers;
}

int main(const void *device_tree) {
    struct fdt tree;
    struct counts counts;
    if (!fdt_open(&tree, device_tree) || !read_counts(&tree, &counts)) return BARE_BAD_ARGUMENTS;

    u64 answers = hypercalls(counts.warmup);
    sbi_call(SBI_MEASURE_START, 0, 0);
    u64 start = measure_begin();
    answers |= hypercalls(counts.iterations);
    u64 end = measure_end();
    sbi_call(SBI_MEASURE_END, 0, 0);

    print_result("hypercall", counts.iterations, end - start);
    if (!answers) return BARE_OK;
    say("hypercall: the answers or-ed are 0x%lx, expected 0\n", answers);
    return BARE_WRONG_RESULT;
}
