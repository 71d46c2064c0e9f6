/*
 * Marks for the simulator: labels only, no instruction, hence no target cost.
 *
 * The simulator fires when a hart executes the instruction at such a label and attributes what follows
 * to that phase or step until the next label or built-in event (a trap out of V=1: phase `exit`, step `trap`;
 * entering V=1: phase and step `guest`). Names are `phase.<name>.<n>` and `step.<name>.<n>`; the number
 * (%= in C, \@ in assembly) lets an inlined or duplicated mark assemble. The labels are local symbols, so the
 * same number may come from two files: readers of the .sym file look at the address and the name's stem.
 *
 * In C the marks are also compiler barriers, so memory accesses of one step do not move into the next.
 * In assembly use the macros of the same names: `PHASE exit`.
 */
#ifndef PROBE_H
#define PROBE_H

#ifndef __ASSEMBLER__

#define PROBE_LABEL(text) __asm__ volatile(text ":" ::: "memory")
#define PHASE(name) PROBE_LABEL("phase." #name ".%=")
#define STEP(name) PROBE_LABEL("step." #name ".%=")
/* One call attributed to its own step; what follows belongs to `back` again. */
#define STEP_CALL(name, back, ...)                                                              \
    do {                                                                                        \
        STEP(name);                                                                             \
        __VA_ARGS__;                                                                            \
        STEP(back);                                                                             \
    } while (0)
/* A guest's measured section, fired in V=1; one operation is counted per pass over OP(). */
#define MEASURE_BEGIN() PROBE_LABEL("measure.begin")
#define MEASURE_END() PROBE_LABEL("measure.end")
#define OP() PROBE_LABEL("op.%=")

#else

.macro PHASE name
phase.\name\().a\@:
.endm
.macro STEP name
step.\name\().a\@:
.endm
.macro OP
op.a\@:
.endm
.macro MEASURE_BEGIN
measure.begin:
.endm
.macro MEASURE_END
measure.end:
.endm

#endif
#endif
