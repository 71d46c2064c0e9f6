/* Kernel messages on the console, and the end of everything (host/printk.c, lib/format.c). */
#ifndef KERNEL_PRINTK_H
#define KERNEL_PRINTK_H

#include "types.h"

/* %d %u %x %lx %ld %lu %p %s %c, field width and zero padding. */
void printk(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Say where and what, then stop the machine with exit code 254. */
void panic(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));

#define BUG_ON(cond)                                                                            \
    do {                                                                                        \
        if (unlikely(cond)) panic("%s:%d: %s", __FILE_NAME__, __LINE__, #cond);                 \
    } while (0)

#endif
