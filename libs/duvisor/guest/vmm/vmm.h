/* The VMM: one virtual machine per process. Types and prototypes, grouped by file. */
#ifndef VMM_VMM_H
#define VMM_VMM_H

#include "types.h"
#include "kernel/string.h"
#include "sync.h"

typedef u64 gpa_t; /* guest physical address */

/* Guest memory map (duvisor.md §8). */
#define GUEST_UART 0x3F8ul
#define GUEST_UART_SIZE 8
#define GUEST_PLIC 0x0C000000ul
#define GUEST_PLIC_SIZE 0x4000000ul
#define GUEST_PLIC_SOURCES 36
#define GUEST_BLOCK 0x10000000ul
#define GUEST_NET 0x10000200ul
#define GUEST_VIRTIO_SIZE 0x200ul
#define GUEST_RAM 0x80000000ul
#define GUEST_KERNEL 0x80200000ul
#define GUEST_DTB 0x82200000ul
#define GUEST_DTB_MAX 0x1000ul

/* Interrupt sources (dv-ext.md §10, rocket). */
enum { SOURCE_BLOCK = 33, SOURCE_NET = 34, SOURCE_SERIAL = 35 };

#define MIB (1ul << 20)
#define MAX_VCPUS 8

struct vm;

/* A device on the MMIO bus. `read` returns the value zero-extended; size is 1, 2, 4 or 8 bytes. */
struct mmio_device {
    gpa_t base;
    u64 size;
    u64 (*read)(void *state, u64 offset, int size);
    void (*write)(void *state, u64 offset, int size, u64 value);
    void *state;
};
#define MAX_DEVICES 8

struct uart {
    u8 ier, lcr, mcr, scr, dll, dlm, fcr;
};

/* How guest code gets to run: delegated to this process (vmm/duvisor) or by the kernel's module (vmm/kvm). */
struct backend {
    const char *name;
    void (*create)(struct vm *vm);      /* gets guest RAM: sets vm->ram and vm->timebase; the interrupt controller */
    void (*run)(struct vm *vm);         /* runs the vCPU until vm->stopped */
    /* A device's interrupt wire, at each change and each new reason; vm->irq_lock held, any thread. */
    void (*set_line)(struct vm *vm, int source, bool high);
    /* Optional: a 4-byte store to `address` signals the eventfd without coming to this process. */
    void (*notify_by)(struct vm *vm, gpa_t address, int eventfd);
};

struct vm {
    const struct backend *backend;
    u64 ram_size; /* bytes */
    u8 *ram;      /* where GUEST_RAM is mapped in this process */
    u64 entry;    /* GPA of the guest's first instruction */
    u32 timebase; /* Hz */
    u32 smp;
    const char *kernel_path;
    const char *initrd_path; /* null: none */
    const char *block_path;  /* null: no disk */
    const char *tap_name;    /* null: no network */
    gpa_t initrd_start, initrd_end; /* equal: none */
    const char *append;
    struct mmio_device devices[MAX_DEVICES]; /* sorted by base */
    int device_count;
    struct uart uart;
    struct mutex irq_lock; /* interrupt wires: devices' status, the interrupt controller */
    bool stopped;
    int exit_code; /* of this process, once stopped */
};

/* A load or store as decoded from the trapped instruction. */
struct mmio_insn {
    u8 length;    /* 2 or 4 bytes */
    u8 size;      /* 1, 2, 4 or 8 bytes */
    bool store;
    bool sign;    /* a load that extends the sign */
    u8 reg;       /* destination of a load, source of a store */
};

/* text.c */
bool parse_number(const char *s, u64 *value);
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void die(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* options.c */
void parse_options(struct vm *vm, int argc, char **argv);

/* loader.c */
void load_kernel(struct vm *vm);
void load_initrd(struct vm *vm);
/* Where [gpa, gpa + size) of guest RAM lies in this process; null if it is not all RAM. */
void *guest_memory(const struct vm *vm, gpa_t gpa, u64 size);

/* dtb.c */
void build_dtb(struct vm *vm);

/* bus.c */
void bus_add(struct vm *vm, struct mmio_device device);
const struct mmio_device *bus_find(const struct vm *vm, gpa_t address, int size);

/* uart.c */
void uart_attach(struct vm *vm);

/* insn.c */
bool decode_mmio(u32 insn, struct mmio_insn *out);
u64 extend_loaded(const struct mmio_insn *insn, u64 value);

/* console.c */
void console_put(u8 byte);

/* main.c */
void vm_stop(struct vm *vm, int code);

extern const struct backend duvisor_backend, kvm_backend;

#endif
