#include "format.h"
#include "kernel.h"

static spinlock_t print_lock;

static void put(char c) {
    if (c == '\n') console_put('\r');
    console_put(c);
}

void printk(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    unsigned long flags = spin_lock_irqsave(&print_lock);
    format(put, fmt, args);
    spin_unlock_irqrestore(&print_lock, flags);
    va_end(args);
}

void panic(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    local_irq_disable();
    format(put, "\nkernel panic: ", args);
    format(put, fmt, args);
    put('\n');
    va_end(args);
    machine_exit(254);
}
