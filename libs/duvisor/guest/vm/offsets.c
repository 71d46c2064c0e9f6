/* Offsets for assembly. Never linked: the Makefile turns every `->NAME value` line into a #define of vm-offsets.h. */
#include "vm.h"

#define DEFINE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

void offsets(void) {
    DEFINE(FRAME_SIZE, sizeof(struct frame));
    DEFINE(RAM_GIB, RAM_GIB_MAX);
}
