/* Interrupts of devices (host/plic.c): one handler a source, called with interrupts off. */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "types.h"

/* Enables `source` for this hart; panics when there is no interrupt controller or the source is taken. */
void irq_request(u32 source, void (*handler)(void *argument), void *argument);

#endif
