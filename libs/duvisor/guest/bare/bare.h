/* The bare guests' little runtime. VS-mode, paging off, one hart. */
#ifndef BARE_H
#define BARE_H

#include "fdt.h"
#include "types.h"

/* Exit codes of main(). */
enum { BARE_OK = 0, BARE_BAD_ARGUMENTS = 2, BARE_WRONG_RESULT = 3 };

struct sbi_result {
    s64 error; /* legacy calls: the result */
    s64 value;
};

static inline __attribute__((always_inline)) struct sbi_result sbi_call(u64 extension, u64 function, u64 argument) {
    register u64 a0 asm("a0") = argument;
    register u64 a1 asm("a1") = 0;
    register u64 a6 asm("a6") = function;
    register u64 a7 asm("a7") = extension;
    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){a0, a1};
}

/* The measured section. Label and counter read are one piece, so that guest and simulator look at the same instruction. */
static inline u64 measure_begin(void) {
    u64 cycle;
    asm volatile("measure.begin: rdcycle %0" : "=r"(cycle)::"memory");
    return cycle;
}

static inline u64 measure_end(void) {
    u64 cycle;
    asm volatile("measure.end: rdcycle %0" : "=r"(cycle)::"memory");
    return cycle;
}

/* runtime.c */
struct counts {
    u64 iterations; /* measured operations, at least 1 */
    u64 warmup;     /* operations before, not measured */
};

void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* /chosen/bootargs; "" when there is none. */
const char *boot_arguments(const struct fdt *tree);
/* Is `word` one of the space-separated words? */
bool has_word(const char *args, const char *word);
/* `iterations=N warmup=N` from /chosen/bootargs; false if iterations is missing or a value is no number. */
bool read_counts(const struct fdt *tree, struct counts *counts);
/* One line: "result <name> operations=<n> cycles=<by the guest's own counter>". */
void print_result(const char *name, u64 operations, u64 cycles);

/* the guest's own file */
int main(const void *device_tree);

#endif
