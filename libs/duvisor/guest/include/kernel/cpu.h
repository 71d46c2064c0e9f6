/* What the harts can do, from the device tree (boot.c). */
#ifndef KERNEL_CPU_H
#define KERNEL_CPU_H

#include "types.h"

/* F and D: 32 floating-point registers of 64 bits. */
extern bool cpu_has_double;

#endif
