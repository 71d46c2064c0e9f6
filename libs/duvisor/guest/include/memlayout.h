/* Physical address map of the target machine, as far as software knows it without the device tree. */
#ifndef MEMLAYOUT_H
#define MEMLAYOUT_H

#define FINISHER_BASE 0x00100000
#define FINISHER_PASS 0x5555
#define FINISHER_FAIL 0x3333 /* | code << 16 */
#define FINISHER_RESET 0x7777

#define CLINT_BASE 0x02000000
#define CLINT_MSIP(hart) (CLINT_BASE + 4 * (hart))
#define CLINT_MTIMECMP(hart) (CLINT_BASE + 0x4000 + 8 * (hart))
#define CLINT_MTIME (CLINT_BASE + 0xBFF8)

#define PLIC_BASE 0x0C000000
#define PLIC_SIZE 0x04000000
#define UART_BASE 0x10000000
#define UART_IRQ 10

#define RAM_BASE 0x80000000
#define FIRMWARE_SIZE 0x40000 /* closed to everyone below M-mode */

#endif
