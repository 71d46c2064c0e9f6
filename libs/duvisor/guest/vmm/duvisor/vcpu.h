/*
 * The vCPU of the delegated back end. The first part of struct vcpu is read and written by enter_guest.S, which knows it by
 * the offsets below; vcpu.c checks them against the structure.
 */
#ifndef DUVISOR_VCPU_H
#define DUVISOR_VCPU_H

/* 16 host registers: ra, sp, gp, tp, s0..s11. Then x[32] of the guest, then the CSRs. */
#define VCPU_HOST 0
#define VCPU_X 128
#define VCPU_HUSTATUS 384
#define VCPU_HUCOUNTEREN 392
#define VCPU_HUTVAL 400
#define VCPU_UEPC 408
#define VCPU_UCAUSE 416
#define VCPU_UTVAL 424

#ifndef __ASSEMBLER__

#include "vmm.h"

/* G-stage table of the VM (gstage.c): tables are taken in order from one physically contiguous area. */
struct gstage {
    u8 *tables;      /* the area in this process; the 16 KiB root comes first */
    u64 tables_hpa;  /* its host physical address */
    u64 tables_used; /* bytes */
    u64 ram_hpa;     /* host physical address of GUEST_RAM */
    u64 ram_size;
    u32 lock;        /* 0 free, 1 taken */
};

struct vcpu {
    u64 host[16];
    u64 x[32]; /* x[0] is never moved */
    u64 hustatus;
    u64 hucounteren;
    u64 hutval;
    u64 uepc;
    u64 ucause;
    u64 utval;

    struct vm *vm;
    u32 hart;        /* the thread stays there */
    struct gstage *gstage;
    u64 virq;        /* virtual interrupts wanted: bits of huvip */
    u64 virq_loaded; /* those in huvip now */
    u32 asleep;      /* futex: 1 while the thread sleeps in WFI */
    u64 lost_at;     /* uepc of the last guest page fault whose address was lost */
    u32 lost_faults; /* and how many there were in a row */
    u64 last_wfi;    /* time CSR at the end of the last WFI exit */
    u64 wait_start;  /* time CSR when the guest's present wait began */
};

/* What the run loop does after a handler. */
enum vcpu_next { VCPU_RESUME, VCPU_STOP };

/* enter_guest.S: runs the guest until its next exit. */
void enter_guest(struct vcpu *v);
void exit_vector(void);

/* vcpu.c */
/* A number from the machine's device tree as the kernel shows it; `missing` if it does not. */
u32 read_device_tree(const char *path, u32 missing);
_Noreturn void vcpu_die(const struct vcpu *v, const char *what);

/* exit.c */
enum vcpu_next dispatch_exit(struct vcpu *v);

/* gstage.c */
void gstage_create(struct gstage *g, u8 *area, u64 area_hpa, u64 table_bytes, u64 ram_size);
u64 gstage_hugatp(const struct gstage *g);
bool gstage_is_ram(const struct gstage *g, gpa_t gpa);
void gstage_map_ram(struct gstage *g, gpa_t gpa);
/* One page of the machine's interrupt controller, at its own address. */
void gstage_map_device(struct gstage *g, gpa_t gpa);

/* mmio.c */
enum vcpu_next emulate_mmio(struct vcpu *v, gpa_t gpa);

/* sbi.c */
enum vcpu_next on_ecall(struct vcpu *v);

/* vplic.c */
void vplic_create(void);
void vplic_post(int source);

/* wfi.c */
enum vcpu_next on_wfi(struct vcpu *v);
void vcpu_wake(struct vcpu *v);

/* virq.c */
void virq_set(struct vcpu *v, int bit);
void virq_clear(struct vcpu *v, int bit);
void virq_flush(struct vcpu *v);

#endif
#endif
