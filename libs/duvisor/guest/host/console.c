/* The 16550 UART as /dev/console: output waits for the transmitter, input is polled by the reader. */
#include "kernel.h"
#include "errno.h"
#include "memlayout.h"

#define UART_DATA 0
#define UART_LSR 5
#define LSR_DATA_READY 0x01
#define LSR_TX_EMPTY 0x20
#define POLL_NS 1000000 /* 1 ms: input is for people, not for measured runs */

static volatile u8 *uart(unsigned reg) { return (volatile u8 *)phys_to_virt(UART_BASE + reg); }

void console_put(char c) {
    while (!(*uart(UART_LSR) & LSR_TX_EMPTY)) {}
    *uart(UART_DATA) = (u8)c;
}

static s64 console_write(struct file *f, u64 buf, u64 n) {
    (void)f;
    char chunk[64];
    for (u64 done = 0; done < n;) {
        u64 part = MIN(n - done, sizeof(chunk));
        if (copy_from_user(chunk, buf + done, part)) return done ? (s64)done : -EFAULT;
        for (u64 i = 0; i < part; i++) console_put(chunk[i]);
        done += part;
    }
    return (s64)n;
}

static s64 console_read(struct file *f, u64 buf, u64 n) {
    (void)f;
    u64 got = 0;
    while (got == 0 && n) {
        while (got < n && (*uart(UART_LSR) & LSR_DATA_READY)) {
            char c = (char)*uart(UART_DATA);
            if (copy_to_user(buf + got, &c, 1)) return -EFAULT;
            got++;
        }
        if (got == 0 && sleep_until(ktime_get() + POLL_NS)) return -EINTR;
    }
    return (s64)got;
}

static u32 console_poll(struct file *f) {
    (void)f;
    return POLLOUT | (*uart(UART_LSR) & LSR_DATA_READY ? POLLIN : 0);
}

static const struct file_ops console_ops = { .read = console_read, .write = console_write, .poll = console_poll };

void console_init(void) { device_register("console", &console_ops); }
