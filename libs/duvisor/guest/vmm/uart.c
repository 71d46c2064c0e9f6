/*
 * 16550 serial port, byte registers, output to the console. The transmitter is always ready and nothing is received yet,
 * so the guest has to poll; no interrupt line is wired.
 */
#include "vmm.h"

enum { RBR_THR = 0, IER = 1, IIR_FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };
#define LCR_DLAB 0x80
#define LSR_THR_EMPTY 0x60
#define IIR_NONE 0x01
#define IIR_FIFO 0xC0
#define MSR_READY 0xB0 /* carrier, data set ready, clear to send */

static u8 read_register(const struct uart *uart, u64 offset) {
    bool divisor = uart->lcr & LCR_DLAB;
    switch (offset) {
    case RBR_THR: return divisor ? uart->dll : 0;
    case IER: return divisor ? uart->dlm : uart->ier;
    case IIR_FCR: return IIR_NONE | (uart->fcr & 1 ? IIR_FIFO : 0);
    case LCR: return uart->lcr;
    case MCR: return uart->mcr;
    case LSR: return LSR_THR_EMPTY;
    case MSR: return MSR_READY;
    default: return uart->scr;
    }
}

static void write_register(struct uart *uart, u64 offset, u8 value) {
    bool divisor = uart->lcr & LCR_DLAB;
    switch (offset) {
    case RBR_THR:
    if (divisor) uart->dll = value;
    else console_put(value);
    break;
    case IER:
    if (divisor) uart->dlm = value;
    else uart->ier = value & 0x0F;
    break;
    case IIR_FCR: uart->fcr = value & 1; break;
    case LCR: uart->lcr = value; break;
    case MCR: uart->mcr = value & 0x1F; break;
    case SCR: uart->scr = value; break;
    }
}

/* A wide access reads or writes the registers it covers, lowest address first. */
static u64 uart_read(void *state, u64 offset, int size) {
    u64 value = 0;
    for (int i = 0; i < size; i++) value |= (u64)read_register(state, offset + i) << (8 * i);
    return value;
}

static void uart_write(void *state, u64 offset, int size, u64 value) {
    for (int i = 0; i < size; i++) write_register(state, offset + i, value >> (8 * i));
}

void uart_attach(struct vm *vm) {
    bus_add(vm, (struct mmio_device){GUEST_UART, GUEST_UART_SIZE, uart_read, uart_write, &vm->uart});
}
