/* The platform interrupt controller, S context of the boot hart (RISC-V PLIC Specification 1.0.0). */
#include "vm.h"

#define MAX_SOURCES 128

static struct handler {
    void (*call)(void *);
    void *argument;
} handlers[MAX_SOURCES];
static volatile u32 *priority, *enable, *context; /* context: [0] threshold, [1] claim and complete */

void plic_init(void) {
    if (!boot.plic) return;
    u8 *base = phys_to_virt(boot.plic);
    priority = (volatile u32 *)base;
    enable = (volatile u32 *)(base + 0x2000 + 0x80 * (u64)boot.plic_context);
    context = (volatile u32 *)(base + 0x200000 + 0x1000 * (u64)boot.plic_context);
    for (u32 i = 0; i <= boot.plic_sources / 32 && i < MAX_SOURCES / 32; i++) enable[i] = 0;
    context[0] = 0;
    csr_set(CSR_SIE, BIT(IRQ_SEI));
}

void plic_register(u32 irq, void (*handler)(void *), void *argument) {
    if (!context) panic("plic: interrupt %u: no interrupt controller with a context for this hart", irq);
    if (irq == 0 || irq >= MAX_SOURCES) panic("plic: interrupt %u: expected 1..%d", irq, MAX_SOURCES - 1);
    handlers[irq] = (struct handler){ handler, argument };
    priority[irq] = 1;
    enable[irq / 32] |= 1u << irq % 32;
}

void plic_interrupt(void) {
    for (u32 irq; (irq = context[1]) != 0;) {
        if (irq < MAX_SOURCES && handlers[irq].call) handlers[irq].call(handlers[irq].argument);
        context[1] = irq;
    }
}
