/* The 16550 as a plain character sink and source, for the legacy SBI console and for last words. */
#include "firmware.h"
#include "format.h"

#define UART_DATA (*(volatile u8 *)(UART_BASE + 0))
#define UART_LSR (*(volatile u8 *)(UART_BASE + 5))
#define LSR_DATA_READY 0x01
#define LSR_TX_EMPTY 0x20

void console_put(char c) {
    while (!(UART_LSR & LSR_TX_EMPTY)) {}
    UART_DATA = (u8)c;
}

int console_get(void) { return UART_LSR & LSR_DATA_READY ? UART_DATA : -1; }

void console_print(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    format(console_put, fmt, args);
    va_end(args);
}
