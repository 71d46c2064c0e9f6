/* Console: the 16550 of the device tree, or SBI putchar. And the two ways to stop. */
#include <stdarg.h>

#include "format.h"
#include "guest_sbi.h"
#include "kernel/sbi.h"
#include "vm.h"

#define UART_THR 0
#define UART_LSR 5
#define LSR_THRE 0x20

static volatile u8 *uart;

void console_init(void) {
    if (boot.uart) uart = phys_to_virt(boot.uart);
}

void console_put(char c) {
    if (!uart) {
        sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)c, 0, 0, 0, 0);
        return;
    }
    while (!(uart[UART_LSR << boot.uart_shift] & LSR_THRE)) {}
    uart[UART_THR] = (u8)c;
}

void printk(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    format(console_put, fmt, args);
    va_end(args);
}

void power_off(bool failed) {
    sbi_call(SBI_EXT_SRST, 0, 0, failed, 0, 0, 0);
    /* No SRST here (the delegated back end speaks the legacy calls). */
    if (failed) sbi_call(SBI_TEST_FAILED, 0, 1, 0, 0, 0, 0);
    sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0, 0, 0, 0);
    for (;;) __asm__ volatile("wfi");
}

void panic(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    printk("vm: panic: ");
    format(console_put, fmt, args);
    printk("\n");
    va_end(args);
    power_off(true);
}
