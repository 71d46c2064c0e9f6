/* Registers of the interrupt controller, and what only the kernel's start and trap handling call (host/plic.c). */
#ifndef HOST_PLIC_H
#define HOST_PLIC_H

#include "types.h"

#define PLIC_ENABLES 0x2000
#define PLIC_ENABLE_STRIDE 0x80
#define PLIC_CONTEXTS 0x200000 /* +0 threshold, +4 claim and complete */
#define PLIC_CONTEXT_STRIDE 0x1000
#define PLIC_VINTERRUPTS 0x1F00000 /* software-driven sources (dv-ext.md 10) */

void plic_init(void);
void plic_interrupt(void);
void plic_clear_guest(void);
/* Physical; 0 when there is no PLIC. */
paddr_t plic_base(void);

#endif
