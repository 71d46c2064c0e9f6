/* The M-mode firmware: prototypes, grouped by file. */
#ifndef FIRMWARE_H
#define FIRMWARE_H

#define MAX_HARTS 8
#define STACK_SHIFT 12

#ifndef __ASSEMBLER__

#include "csr.h"
#include "fdt.h"
#include "memlayout.h"
#include "sbi-abi.h"
#include "types.h"



/* What trap.S saves: x1..x31 at x[1..31]. */
struct frame {
    u64 x[32];
    u64 epc;
    u64 status;
};

struct sbi_return {
    s64 error;
    s64 value;
};

/* How a trap below M-mode is presented to a lower mode. */
struct trap_info {
    u64 cause, tval, tval2, tinst;
    bool gva;
};

static inline u32 mmio_read32(u64 pa) { return *(volatile u32 *)pa; }
static inline void mmio_write32(u64 pa, u32 v) { *(volatile u32 *)pa = v; }
static inline u64 mmio_read64(u64 pa) { return *(volatile u64 *)pa; }
static inline void mmio_write64(u64 pa, u64 v) { *(volatile u64 *)pa = v; }
static inline u32 hart_id(void) { return (u32)csr_read(CSR_MHARTID); }

/* start.S */
void enter_supervisor(u64 a0, u64 a1, u64 pc) __attribute__((noreturn));
extern u32 machine_ready;
extern char stacks[]; /* 1 << STACK_SHIFT bytes per hart */

/* main.c */
struct machine {
    u32 nr_harts;
    bool dv_ext; /* cpu node has the property `dv-ext` */
    enum { VPMP_OPEN, VPMP_PER_VM, VPMP_ABSENT } vpmp;
};
extern struct machine machine;
void hart_setup(void);
void fatal(const char *why, u64 a, u64 b) __attribute__((noreturn));

/* console.c */
void console_put(char c);
int console_get(void);
void console_print(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* pmp.c */
void pmp_setup(void);
s64 vpmp_call(u64 fid, u64 base, u64 length, u64 set);
void vpmp_program(void);

/* sbi.c */
struct sbi_return sbi_dispatch(struct frame *f);

/* timer.c */
void timer_set(u64 deadline);
void timer_interrupt(void);

/* ipi.c: requests between harts, each by a machine software interrupt */
enum ipi_event { IPI_SOFT = 1, IPI_FENCE = 2, IPI_VPMP = 4 };
struct fence_request {
    u64 fid, start, size, id;
};
s64 ipi_send(u64 mask, u64 base, u32 event);
s64 fence_remote(u64 mask, u64 base, const struct fence_request *r);
void ipi_interrupt(void);

/* hsm.c */
struct sbi_return hsm_call(u64 fid, u64 a0, u64 a1, u64 a2);
void hsm_park(void) __attribute__((noreturn));
void hsm_mark_started(u32 hart);
bool hsm_is_started(u32 hart);

/* redirect.c */
void redirect_trap(struct frame *f, const struct trap_info *t);

/* misaligned.c */
void emulate_misaligned(struct frame *f, struct trap_info *t);

/* unprivileged.S: one access with the privilege, translation and byte order of the trapped mode (mstatus.MPRV).
   On a fault the result is 0 and *fault says what happened (cause != ~0). */
u64 unprivileged_load_byte(u64 address, struct trap_info *fault);
void unprivileged_store_byte(u64 address, u64 byte, struct trap_info *fault);
/* As a fetch: execute permission counts as read (mstatus.MXR). */
u64 unprivileged_fetch_half(u64 address, struct trap_info *fault);

#endif
#endif
