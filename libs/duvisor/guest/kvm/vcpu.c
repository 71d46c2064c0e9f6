/* vCPU state and the run loop (Linux: arch/riscv/kvm/vcpu.c, kvm_arch_vcpu_ioctl_run). */
#include "csr.h"
#include "errno.h"
#include "kernel/cpu.h"
#include "kernel/string.h"
#include "kvm/kvm.h"

_Static_assert(offsetof(struct kvm_vcpu, guest) == VCPU_GUEST, "switch.S");
_Static_assert(offsetof(struct kvm_vcpu, host) == VCPU_HOST, "switch.S");
_Static_assert(sizeof(struct cpu_context) == CTX_SIZE, "switch.S");
_Static_assert(offsetof(struct cpu_context, sepc) == CTX_SEPC, "switch.S");
_Static_assert(offsetof(struct cpu_context, sstatus) == CTX_SSTATUS, "switch.S");
_Static_assert(offsetof(struct cpu_context, hstatus) == CTX_HSTATUS, "switch.S");
_Static_assert(offsetof(struct cpu_context, scounteren) == CTX_SCOUNTEREN, "switch.S");
_Static_assert(offsetof(struct cpu_context, stvec) == CTX_STVEC, "switch.S");
_Static_assert(offsetof(struct cpu_context, sscratch) == CTX_SSCRATCH, "switch.S");
_Static_assert(offsetof(struct fp_bank, fcsr) == FP_FCSR, "fpbank.S");
_Static_assert(offsetof(struct kvm_trap, htinst) == TRAP_HTINST, "unpriv.S");

/* Extensions that henvcfg switches for the guest; this host offers none of them. */
enum { ISA_SVPBMT = 32, ISA_SSTC = 33, ISA_ZICBOM = 34 };
#define HENVCFG_CBIE_CBCFE 0x70ul
#define HENVCFG_PBMTE (1ul << 62)
#define HENVCFG_STCE (1ul << 63)

/* Values of sstatus.FS between off (0) and dirty (SSTATUS_FS). */
#define FS_INITIAL (1ul << 13)
#define FS_CLEAN (2ul << 13)

static bool isa_available(const u64 *isa, unsigned bit) { return test_bit(bit, isa); }

/* The state in which a guest starts, but for pc, a0 and a1, which the VMM sets. */
void vcpu_reset(struct kvm_vcpu *v) {
    memset(&v->guest, 0, sizeof v->guest);
    memset(&v->csrs, 0, sizeof v->csrs);
    v->guest.sstatus = SSTATUS_SPP | SSTATUS_SPIE;
    v->guest.hstatus = HSTATUS_VTW | HSTATUS_SPVP | HSTATUS_SPV;
    v->guest.scounteren = 7;
    v->isa = 1ul << ('i' - 'a') | 1ul << ('m' - 'a') | 1ul << ('a' - 'a') | 1ul << ('c' - 'a');
    if (cpu_has_double) {
        v->guest.sstatus |= FS_INITIAL;
        v->isa |= 1ul << ('f' - 'a') | 1ul << ('d' - 'a');
    }
    memset(&v->guest_fp, 0, sizeof v->guest_fp);
    v->irqs_pending = 0;
    v->irqs_pending_mask = 0;
    v->hfence_head = v->hfence_tail = 0;
    memset(v->hfence_queue, 0, sizeof v->hfence_queue);
}

/* A VS-stage feature a guest may use is a bit of henvcfg, decided by its ISA. */
static void update_config(const u64 *isa) {
    u64 henvcfg = 0;
    if (isa_available(isa, ISA_SVPBMT)) henvcfg |= HENVCFG_PBMTE;
    if (isa_available(isa, ISA_SSTC)) henvcfg |= HENVCFG_STCE;
    if (isa_available(isa, ISA_ZICBOM)) henvcfg |= HENVCFG_CBIE_CBCFE;
    csr_write(CSR_HENVCFG, henvcfg);
}

static void set_guest_fs(struct kvm_vcpu *v, u64 fs) { v->guest.sstatus = (v->guest.sstatus & ~SSTATUS_FS) | fs; }

/* The task's bank goes out, the guest's comes in, unless its floating point is off. */
static void fp_load(struct kvm_vcpu *v) {
    if (!cpu_has_double) return;
    STEP_CALL(__kvm_riscv_fp_d_save, kvm_arch_vcpu_load, fp_bank_save(&v->host_fp));
    STEP(kvm_riscv_vcpu_guest_fp_restore);
    if (v->guest.sstatus & SSTATUS_FS) {
        STEP_CALL(__kvm_riscv_fp_d_restore, kvm_riscv_vcpu_guest_fp_restore, fp_bank_restore(&v->guest_fp));
        set_guest_fs(v, FS_CLEAN);
    }
    STEP(kvm_arch_vcpu_load);
}

/* The guest's bank is kept if it was written to; the task's comes back. */
static void fp_put(struct kvm_vcpu *v) {
    if (!cpu_has_double) return;
    STEP(kvm_riscv_vcpu_guest_fp_save);
    if ((v->guest.sstatus & SSTATUS_FS) == SSTATUS_FS) {
        STEP_CALL(__kvm_riscv_fp_d_save, kvm_riscv_vcpu_guest_fp_save, fp_bank_save(&v->guest_fp));
        set_guest_fs(v, FS_CLEAN);
    }
    STEP_CALL(__kvm_riscv_fp_d_restore, kvm_arch_vcpu_put, fp_bank_restore(&v->host_fp));
}

/* This hart now belongs to the vCPU: preemption is off. */
void arch_vcpu_load(struct kvm_vcpu *v) {
    const struct vs_csrs *csrs = &v->csrs;
    csr_write(CSR_VSSTATUS, csrs->vsstatus);
    csr_write(CSR_VSIE, csrs->vsie);
    csr_write(CSR_VSTVEC, csrs->vstvec);
    csr_write(CSR_VSSCRATCH, csrs->vsscratch);
    csr_write(CSR_VSEPC, csrs->vsepc);
    csr_write(CSR_VSCAUSE, csrs->vscause);
    csr_write(CSR_VSTVAL, csrs->vstval);
    csr_write(CSR_HVIP, csrs->hvip);
    csr_write(CSR_VSATP, csrs->vsatp);
    STEP_CALL(kvm_riscv_vcpu_update_config, kvm_arch_vcpu_load, update_config(&v->isa));
    STEP_CALL(kvm_riscv_gstage_update_hgatp, kvm_arch_vcpu_load, update_hgatp(v));
    STEP_CALL(kvm_riscv_vcpu_timer_restore, kvm_arch_vcpu_load, vcpu_timer_restore(v));
    fp_load(v);
    v->hart = hart_id();
}

void arch_vcpu_put(struct kvm_vcpu *v) {
    struct vs_csrs *csrs = &v->csrs;
    v->hart = -1;
    fp_put(v);
    csrs->vsstatus = csr_read(CSR_VSSTATUS);
    csrs->vsie = csr_read(CSR_VSIE);
    csrs->vstvec = csr_read(CSR_VSTVEC);
    csrs->vsscratch = csr_read(CSR_VSSCRATCH);
    csrs->vsepc = csr_read(CSR_VSEPC);
    csrs->vscause = csr_read(CSR_VSCAUSE);
    csrs->vstval = csr_read(CSR_VSTVAL);
    csrs->hvip = csr_read(CSR_HVIP) | (csrs->hvip & kept_hvip_bits);
    csrs->vsatp = csr_read(CSR_VSATP);
}

static bool check_request(struct kvm_vcpu *v, int request) {
    if (!test_bit(request, &v->requests)) return false;
    clear_bit(request, &v->requests);
    smp_mb(); /* pairs with make_request: what was written before the request is seen */
    return true;
}

static void check_requests(struct kvm_vcpu *v) {
    if (check_request(v, REQ_UPDATE_HGATP)) update_hgatp(v);
    if (check_request(v, REQ_HFENCE_GVMA_ALL)) local_hfence_gvma_all();
    if (check_request(v, REQ_HFENCE)) STEP_CALL(kvm_riscv_hfence_process, kvm_arch_vcpu_ioctl_run, hfence_process(v));
}

/* Interrupts off. Time from here on is the guest's, and this hart reads no RCU-protected data until it is back. */
static void enter_exit(struct kvm_vcpu *v) {
    STEP(kvm_riscv_vcpu_enter_exit);
    current->in_guest = true;
    STEP_CALL(rcu_note_context_switch, kvm_riscv_vcpu_enter_exit, rcu_note_context_switch());
    STEP_CALL(__kvm_riscv_switch_to, kvm_riscv_vcpu_enter_exit, world_switch(v));
    v->last_exit_hart = v->hart;
}

/* Finishes what the VMM did for the last exit: the result of an MMIO load, or of a forwarded SBI call. */
static int finish_user_exit(struct kvm_vcpu *v) {
    switch (v->run->exit_reason) {
    case KVM_EXIT_MMIO: {
        int result;
        PHASE(other);
        STEP_CALL(kvm_riscv_vcpu_mmio_return, kvm_arch_vcpu_ioctl_run, result = mmio_return(v));
        PHASE(transfer);
        return result;
    }
    case KVM_EXIT_RISCV_SBI: sbi_return(v); return 0;
    default: return 0;
    }
}

/*
 * ioctl(KVM_RUN): enters the guest again and again until something needs the VMM. 0 with run->exit_reason set, or -errno.
 * vcpu->mutex is held.
 */
int vcpu_run(struct kvm_vcpu *v) {
    STEP(kvm_arch_vcpu_ioctl_run);
    struct srcu *srcu = &v->kvm->srcu;
    struct kvm_run *run = v->run;
    struct kvm_trap trap;

    STEP_CALL(__srcu_read_lock, kvm_arch_vcpu_ioctl_run, v->srcu_index = srcu_read_lock(srcu));
    int result = finish_user_exit(v);
    if (!result && run->immediate_exit) result = -EINTR;
    if (result) {
        srcu_read_unlock(srcu, v->srcu_index);
        return result;
    }
    STEP_CALL(kvm_arch_vcpu_load, kvm_arch_vcpu_ioctl_run, vcpu_load(v));

    result = 1;
    run->exit_reason = KVM_EXIT_UNKNOWN;
    while (result > 0) {
        /* Entry. 1: signals and rescheduling */
        PHASE(entry);
        STEP(xfer_to_guest_mode_handle_work);
        if (guest_work_pending()) {
            result = guest_handle_work();
            if (!result) result = 1;
        }
        /* 2, 3: VMID of this generation; requests of other vCPUs */
        STEP_CALL(kvm_riscv_gstage_vmid_update, kvm_arch_vcpu_ioctl_run, vmid_update(v));
        if (request_pending(v)) check_requests(v);

        /* 4: from here on a kick must be an IPI, so requests made before `mode` are seen in step 6 */
        local_irq_disable();
        WRITE_ONCE(v->mode, IN_GUEST_MODE);
        STEP_CALL(__srcu_read_unlock, kvm_arch_vcpu_ioctl_run, srcu_read_unlock(srcu, v->srcu_index));
        smp_mb();

        /* 5: interrupts injected meanwhile */
        STEP_CALL(kvm_riscv_vcpu_flush_interrupts, kvm_arch_vcpu_ioctl_run, flush_interrupts(v));
        update_hvip(v);

        /* 6 */
        bool changed;
        STEP_CALL(kvm_riscv_gstage_vmid_ver_changed, kvm_arch_vcpu_ioctl_run, changed = vmid_changed(&v->kvm->vmid));
        if (result <= 0 || changed || request_pending(v) || guest_work_pending()) {
            WRITE_ONCE(v->mode, OUTSIDE_GUEST_MODE);
            local_irq_enable();
            v->srcu_index = srcu_read_lock(srcu);
            continue;
        }

        /* 7, 8, 9 */
        STEP_CALL(kvm_riscv_local_tlb_sanitize, kvm_arch_vcpu_ioctl_run, local_tlb_sanitize(v));
        enter_exit(v);

        /* Exit. 2: the trap's CSRs, before an interrupt can change them */
        STEP(kvm_arch_vcpu_ioctl_run);
        WRITE_ONCE(v->mode, OUTSIDE_GUEST_MODE);
        v->stat.exits++;
        trap.sepc = v->guest.sepc;
        trap.scause = csr_read(CSR_SCAUSE);
        trap.stval = csr_read(CSR_STVAL);
        trap.htval = csr_read(CSR_HTVAL);
        trap.htinst = csr_read(CSR_HTINST);

        /* 3: what the guest did to its own interrupt bits */
        STEP_CALL(kvm_riscv_vcpu_sync_interrupts, kvm_arch_vcpu_ioctl_run, sync_interrupts(v));

        /* 4: a pending host interrupt is taken here, still on the guest's account */
        preempt_disable();
        local_irq_enable();
        local_irq_disable();
        current->in_guest = false;
        local_irq_enable();
        preempt_enable();

        /* 5, 6 */
        STEP_CALL(__srcu_read_lock, kvm_arch_vcpu_ioctl_run, v->srcu_index = srcu_read_lock(srcu));
        STEP_CALL(kvm_riscv_vcpu_exit, kvm_arch_vcpu_ioctl_run, result = vcpu_exit(v, &trap));
    }

    PHASE(transfer);
    STEP_CALL(kvm_arch_vcpu_put, kvm_arch_vcpu_ioctl_run, vcpu_put(v));
    STEP_CALL(__srcu_read_unlock, kvm_arch_vcpu_ioctl_run, srcu_read_unlock(srcu, v->srcu_index));
    return result;
}
