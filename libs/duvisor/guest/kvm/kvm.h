/*
 * The KVM-like module: does on every VM exit what Linux 6.1's KVM does, in the same order (kvm-cost.md §5). Steps carry
 * STEP() labels named after Linux's functions; libs/duvisor/src/kvm-steps.ts sets their instruction counts beside Linux's
 * and lists what Linux does and this module leaves out. Prototypes are grouped by file.
 *
 * Lock order: vcpu->mutex, kvm->slots_lock, mmap_lock, kvm->mmu_lock, vcpu->hfence_lock | vcpu->irqs_lock.
 */
#ifndef KVM_H
#define KVM_H

#include "kernel/atomic.h"
#include "kernel/eventfd.h"
#include "kernel/file.h"
#include "kernel/hrtimer.h"
#include "kernel/mm.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/srcu.h"
#include "kernel/wait.h"
#include "kvm/offsets.h"
#include "kvm/uapi.h"
#include "probe.h"

#define KVM_MAX_VCPUS 1024
#define KVM_MAX_SLOTS 32
#define KVM_MAX_BUS_RANGES 64
#define KVM_HFENCE_QUEUE 64
#define HALT_POLL_MAX_NS 500000ul /* Linux's defaults */
#define HALT_POLL_START_NS 10000ul
#define KVM_PT_CACHE 32 /* as Linux; refilled when fewer than the table has levels */

typedef u64 gpa_t;
typedef u64 gfn_t;
typedef u64 hva_t;

struct kvm;

/* Registers that the world switch moves. x[0] is not used. */
struct cpu_context {
    u64 x[32];
    u64 sepc;
    u64 sstatus;
    u64 hstatus;
    u64 scounteren;
    u64 stvec;
    u64 sscratch;
};

/* VS CSRs: live in the hart while the vCPU is loaded, here otherwise. hvip is the value wanted at the next entry. */
struct vs_csrs {
    u64 vsstatus, vsie, vstvec, vsscratch, vsepc, vscause, vstval, vsatp;
    u64 hvip;
};

/* What a trap out of the guest left in the CSRs. */
struct kvm_trap {
    u64 sepc;
    u64 scause;
    u64 stval;
    u64 htval;
    u64 htinst;
};

/* A TLB invalidation that vCPUs have yet to do; type 0 = empty place in the ring. */
enum hfence_type { HFENCE_NONE, HFENCE_GVMA_PAGES };
struct hfence {
    enum hfence_type type;
    u64 asid;
    u64 order; /* log2 of the stride */
    gpa_t address;
    u64 size;
};

/* An MMIO load or store between its exit and the moment its result is known. */
struct mmio_pending {
    u32 insn;
    u32 insn_length;
    u32 length;
    u32 shift; /* to extend a loaded value: left, then arithmetically right */
    bool finished;
};

enum vcpu_mode { OUTSIDE_GUEST_MODE, IN_GUEST_MODE };

/* Bits of vcpu->requests. */
enum { REQ_UPDATE_HGATP, REQ_HFENCE_GVMA_ALL, REQ_HFENCE };

/* Floating-point registers of a guest, or of the task that runs it. */
struct fp_bank {
    u64 f[32];
    u32 fcsr;
};

struct kvm_vcpu {
    struct cpu_context guest; /* offsets.h */
    struct cpu_context host;
    struct vs_csrs csrs;
    struct fp_bank guest_fp, host_fp; /* whichever is not in the registers */

    struct kvm *kvm;
    struct kvm_run *run;
    struct task *task; /* that ran it last */
    u32 id;
    s32 hart;          /* it is loaded on, or -1 */
    s32 last_exit_hart;
    enum vcpu_mode mode;
    u64 requests;
    int srcu_index;
    u64 isa;           /* bit per letter or ISA_* extension the guest may use */
    struct mutex mutex;
    struct preempt_notifier notifier;

    spinlock_t irqs_lock; /* the two words below */
    u64 irqs_pending;
    u64 irqs_pending_mask; /* bits that changed since the last flush */

    struct page *pt_cache[KVM_PT_CACHE]; /* pages for G-stage tables, taken under mmu_lock */
    u32 pt_cached;

    spinlock_t hfence_lock;
    struct hfence hfence_queue[KVM_HFENCE_QUEUE];
    u32 hfence_head, hfence_tail;

    struct mmio_pending mmio;
    bool sbi_pending; /* the last exit forwarded an SBI call */

    struct hrtimer timer;
    u64 timer_deadline; /* ticks of guest time */
    struct wait_queue wait; /* a vCPU in WFI */
    u64 halt_poll_ns;       /* how long a WFI polls before it sleeps, 0..HALT_POLL_MAX_NS */

    struct {
        u64 exits, mmio_user, mmio_kernel, hypercall_user, wfi;
    } stat;
};

struct memslot {
    gfn_t base;
    u64 pages;
    hva_t hva;
    u32 flags;
    u32 id;
    u64 *dirty; /* bitmap while dirty logging is on; not offered yet, always null */
};

/* Sorted by base; replaced as a whole, readers hold the SRCU lock. */
struct memslots {
    u32 used;
    u32 last_used; /* index of the latest hit */
    struct memslot slots[KVM_MAX_SLOTS];
};

struct bus_device;
struct bus_range {
    gpa_t address;
    u32 length;
    struct bus_device *device;
};

/* In-kernel devices, sorted by address; replaced as a whole like the memory slots. */
struct io_bus {
    u32 count;
    struct bus_range ranges[KVM_MAX_BUS_RANGES];
};

struct bus_device {
    /* 0 when the device took the access; -EOPNOTSUPP passes it on. */
    int (*write)(struct bus_device *device, gpa_t address, u32 length, const void *value);
    int (*read)(struct bus_device *device, gpa_t address, u32 length, void *value);
};

struct vmid {
    u64 version; /* generation the number belongs to */
    u64 number;
};

struct vcpu_table; /* vcpus.c */

struct kvm {
    struct mm *mm;
    struct memslots *slots;
    struct io_bus *bus;
    struct srcu srcu;
    struct mutex slots_lock; /* writers of slots and bus */
    spinlock_t mmu_lock;     /* the G-stage table and the two below */
    u64 invalidate_seq;
    s64 invalidate_in_progress;
    struct mm_notifier notifier;
    pte_t *pgd;
    struct vmid vmid;
    struct vcpu_table *vcpus;
    atomic_t users;
};

/* main.c: devices, VMs, vCPUs, requests */
void vcpu_load(struct kvm_vcpu *v);
void vcpu_put(struct kvm_vcpu *v);
void make_request(struct kvm_vcpu *v, int request);
void make_vcpus_request_mask(struct kvm *kvm, int request, const u64 *mask);
void vcpu_kick(struct kvm_vcpu *v);
void vcpu_halt(struct kvm_vcpu *v);
static inline bool request_pending(const struct kvm_vcpu *v) { return READ_ONCE(v->requests) != 0; }

/* vcpus.c */
struct vcpu_table *vcpus_create(void);
void vcpus_free(struct vcpu_table *table);
int vcpus_add(struct vcpu_table *table, u32 index, struct kvm_vcpu *v);
/* First vCPU with an index >= *index, which is moved to it; null when there is none. */
struct kvm_vcpu *vcpus_find(const struct vcpu_table *table, u32 *index);
#define for_each_vcpu(index, v, kvm)                                                                                    \
    for (index = 0; (v = vcpus_find((kvm)->vcpus, &index)) != NULL; index++)

/* memslot.c */
int set_memory_region(struct kvm *kvm, const struct kvm_userspace_memory_region *region);
struct memslot *gfn_to_memslot(struct kvm *kvm, gfn_t gfn);
/* BAD_HVA when the slot is null. */
hva_t gfn_to_hva_prot(const struct memslot *slot, gfn_t gfn, bool *writable);
#define BAD_HVA (~0ul)
void mark_page_dirty_in_slot(struct kvm *kvm, struct memslot *slot, gfn_t gfn);

/* vcpu.c: the run loop and vCPU state */
void vcpu_reset(struct kvm_vcpu *v);
int vcpu_run(struct kvm_vcpu *v);
void arch_vcpu_load(struct kvm_vcpu *v);
void arch_vcpu_put(struct kvm_vcpu *v);

/* switch.S: runs the guest until its next trap */
void world_switch(struct kvm_vcpu *v);

/* fpbank.S */
void fp_bank_save(struct fp_bank *bank);
void fp_bank_restore(const struct fp_bank *bank);
/* unpriv.S: guest code at gva, 2 or 4 bytes; trap->scause is set if the guest's own tables forbid it. */
u64 unpriv_fetch(struct kvm_trap *trap, u64 gva);
void unpriv_trap(void);

/* exit.c */
int vcpu_exit(struct kvm_vcpu *v, struct kvm_trap *trap);
u64 read_guest_insn(struct kvm_vcpu *v, u64 gva, struct kvm_trap *trap);
void redirect_trap(struct kvm_vcpu *v, const struct kvm_trap *trap);

/* insn.c: loads and stores to devices, WFI */
int mmio_load(struct kvm_vcpu *v, gpa_t address, u64 htinst);
int mmio_store(struct kvm_vcpu *v, gpa_t address, u64 htinst);
int mmio_return(struct kvm_vcpu *v);
int virtual_insn(struct kvm_vcpu *v, const struct kvm_trap *trap);

/* sbi.c */
int sbi_ecall(struct kvm_vcpu *v);
void sbi_return(struct kvm_vcpu *v);

/* mmu.c: the G-stage table */
int gstage_create(struct kvm *kvm);
void gstage_destroy(struct kvm *kvm);
int gstage_map_fault(struct kvm_vcpu *v, struct memslot *slot, gpa_t gpa, hva_t hva, bool write);
void gstage_unmap_range(struct kvm *kvm, gpa_t start, gpa_t end);
void pt_cache_free(struct kvm_vcpu *v);
extern const struct mm_notifier_ops kvm_notifier_ops;

/* vmid.c */
void vmid_detect(void);
u32 vmid_bits(void);
bool vmid_changed(const struct vmid *vmid);
void vmid_update(struct kvm_vcpu *v);
void update_hgatp(struct kvm_vcpu *v);

/* tlb.c */
void local_tlb_sanitize(struct kvm_vcpu *v);
void hfence_gpa(struct kvm *kvm, gpa_t gpa, u64 size, u64 order);
void hfence_process(struct kvm_vcpu *v);
void local_hfence_gvma_all(void);

/* interrupt.c */
void set_interrupt(struct kvm_vcpu *v, u32 irq);
void unset_interrupt(struct kvm_vcpu *v, u32 irq);
void flush_interrupts(struct kvm_vcpu *v);
void sync_interrupts(struct kvm_vcpu *v);
bool has_interrupt(const struct kvm_vcpu *v);
void interrupts_init(void);
void update_hvip(const struct kvm_vcpu *v);
extern u64 kept_hvip_bits;

/* timer.c */
void vcpu_timer_init(struct kvm_vcpu *v);
void vcpu_timer_next_event(struct kvm_vcpu *v, u64 deadline);
void vcpu_timer_sync(struct kvm_vcpu *v);
void vcpu_timer_restore(struct kvm_vcpu *v);

/* bus.c */
int bus_write(struct kvm *kvm, gpa_t address, u32 length, const void *value);
int bus_read(struct kvm *kvm, gpa_t address, u32 length, void *value);
int set_ioeventfd(struct kvm *kvm, const struct kvm_ioeventfd *args);
void bus_destroy(struct kvm *kvm);

/* onereg.c */
int set_one_reg(struct kvm_vcpu *v, const struct kvm_one_reg *reg);
int get_one_reg(struct kvm_vcpu *v, const struct kvm_one_reg *reg);

/* Locks as steps of their own: Linux's out-of-line spinlock functions are a column of their own. */
#define LOCK_IRQSAVE(back, lock, flags) STEP_CALL(_raw_spin_lock_irqsave, back, (flags) = spin_lock_irqsave(lock))
#define UNLOCK_IRQRESTORE(back, lock, flags) STEP_CALL(_raw_spin_unlock_irqrestore, back, spin_unlock_irqrestore(lock, flags))
#define LOCK(back, lock) STEP_CALL(_raw_spin_lock, back, spin_lock(lock))
#define UNLOCK(back, lock) STEP_CALL(_raw_spin_unlock, back, spin_unlock(lock))

#endif
