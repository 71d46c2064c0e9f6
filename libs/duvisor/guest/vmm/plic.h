/* A software model of the interrupt controller, for a back end whose guest cannot reach a real one. */
#ifndef VMM_PLIC_H
#define VMM_PLIC_H

#include "vmm.h"

/* Puts the model on the bus; `output` is called with vm->irq_lock held when the external interrupt of a vCPU changes. */
void plic_attach(struct vm *vm, void (*output)(u32 vcpu, bool high));
/* The wire of a source, level; vm->irq_lock held. */
void plic_set_line(int source, bool high);

#endif
