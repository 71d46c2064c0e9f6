/* Interrupts of devices (host/plic.c): one handler a source, called with interrupts off. */
#ifndef KERNEL_IRQ_H
#define KERNEL_IRQ_H

#include "types.h"

/* Enables `source` for this hart; panics when there is no interrupt controller or the source is taken. */
void irq_request(u32 source, void (*handler)(void *argument), void *argument);

/*
 * VSEIP of this hart by way of its virtual context, on a machine whose hvip has no such bit (dv-ext.md 10, rocket). It is one
 * wire, so one VM at a time can have it: a VM that drives the context itself excludes it.
 */
bool guest_line_init(void);
void guest_line_set(bool high);

#endif
