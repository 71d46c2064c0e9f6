/* Instructions that KVM emulates (Linux: arch/riscv/kvm/vcpu_insn.c): loads and stores to devices, and WFI. */
#include "kvm/insn.h"

#include "csr.h"
#include "errno.h"
#include "kernel/string.h"
#include "kvm/kvm.h"

#define HTINST_VALID 1
#define HTINST_32BIT 2

/*
 * The trapped load or store. htinst holds it if the hardware is so kind: bit 1 clear stands for a compressed one, expanded;
 * then the length is 2. Otherwise it is read from the guest. Zero when the guest may not read it: the trap is the guest's.
 */
static u32 trapped_insn(struct kvm_vcpu *v, u64 htinst, u32 *length) {
    if (htinst & HTINST_VALID) {
        u32 insn = htinst | HTINST_32BIT;
        *length = htinst & HTINST_32BIT ? INSN_LENGTH(insn) : 2;
        return insn;
    }
    struct kvm_trap trap;
    u32 insn;
    STEP_CALL(kvm_riscv_vcpu_unpriv_read, kvm_riscv_vcpu_mmio, insn = read_guest_insn(v, v->guest.sepc, &trap));
    if (unlikely(trap.scause)) {
        trap.sepc = v->guest.sepc;
        redirect_trap(v, &trap);
        return 0;
    }
    *length = INSN_LENGTH(insn);
    return insn;
}

/* Keeps the decoded access for mmio_return() and describes it in the run page. */
static void prepare(struct kvm_vcpu *v, gpa_t address, u32 insn, u32 insn_length, u32 length, u32 shift, bool write) {
    v->mmio = (struct mmio_pending){.insn = insn, .insn_length = insn_length, .length = length, .shift = shift};
    v->run->mmio.is_write = write;
    v->run->mmio.phys_addr = address;
    v->run->mmio.len = length;
}

static bool matches(u32 insn, u32 mask, u32 match) { return (insn & mask) == match; }

/* A load from an address that no memory slot holds. */
int mmio_load(struct kvm_vcpu *v, gpa_t address, u64 htinst) {
    PHASE(decode);
    STEP(kvm_riscv_vcpu_mmio);
    u32 insn_length, length, shift = 0;
    u32 insn = trapped_insn(v, htinst, &insn_length);
    if (!insn) return 1;

    /* `shift` is 0 for the unsigned forms; a compressed register number is moved to where RD() looks for it. */
    if (matches(insn, MASK_FUNCT3, MATCH_LW)) {
        length = 4;
        shift = 32;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LB)) {
        length = 1;
        shift = 56;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LBU)) {
        length = 1;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LD)) {
        length = 8;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LWU)) {
        length = 4;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LH)) {
        length = 2;
        shift = 48;
    } else if (matches(insn, MASK_FUNCT3, MATCH_LHU)) {
        length = 2;
    } else if (matches(insn, MASK_C, MATCH_C_LD)) {
        length = 8;
        insn = C_RS2S(insn) << 7;
    } else if (matches(insn, MASK_C, MATCH_C_LDSP) && RD(insn)) {
        length = 8;
    } else if (matches(insn, MASK_C, MATCH_C_LW)) {
        length = 4;
        shift = 32;
        insn = C_RS2S(insn) << 7;
    } else if (matches(insn, MASK_C, MATCH_C_LWSP) && RD(insn)) {
        length = 4;
        shift = 32;
    } else {
        return -EOPNOTSUPP;
    }
    if (address & (length - 1)) return -EIO;

    prepare(v, address, insn, insn_length, length, shift, false);
    u8 data[8];
    int found;
    STEP_CALL(kvm_io_bus_read, kvm_riscv_vcpu_mmio, found = bus_read(v->kvm, address, length, data));
    if (!found) {
        memcpy(v->run->mmio.data, data, length);
        v->stat.mmio_kernel++;
        PHASE(other);
        STEP_CALL(kvm_riscv_vcpu_mmio_return, kvm_riscv_vcpu_mmio, mmio_return(v));
        return 1;
    }
    v->stat.mmio_user++;
    v->run->exit_reason = KVM_EXIT_MMIO;
    return 0;
}

/* A store to an address that no memory slot holds. */
int mmio_store(struct kvm_vcpu *v, gpa_t address, u64 htinst) {
    PHASE(decode);
    STEP(kvm_riscv_vcpu_mmio);
    u32 insn_length, length;
    u32 insn = trapped_insn(v, htinst, &insn_length);
    if (!insn) return 1;

    u64 data = v->guest.x[RS2(insn)];
    if (matches(insn, MASK_FUNCT3, MATCH_SW)) {
        length = 4;
    } else if (matches(insn, MASK_FUNCT3, MATCH_SB)) {
        length = 1;
    } else if (matches(insn, MASK_FUNCT3, MATCH_SD)) {
        length = 8;
    } else if (matches(insn, MASK_FUNCT3, MATCH_SH)) {
        length = 2;
    } else if (matches(insn, MASK_C, MATCH_C_SD)) {
        length = 8;
        data = v->guest.x[C_RS2S(insn)];
    } else if (matches(insn, MASK_C, MATCH_C_SDSP)) {
        length = 8;
        data = v->guest.x[C_RS2(insn)];
    } else if (matches(insn, MASK_C, MATCH_C_SW)) {
        length = 4;
        data = v->guest.x[C_RS2S(insn)];
    } else if (matches(insn, MASK_C, MATCH_C_SWSP)) {
        length = 4;
        data = v->guest.x[C_RS2(insn)];
    } else {
        return -EOPNOTSUPP;
    }
    if (address & (length - 1)) return -EIO;

    prepare(v, address, insn, insn_length, length, 0, true);
    switch (length) {
    case 1: *(u8 *)v->run->mmio.data = data; break;
    case 2: *(u16 *)v->run->mmio.data = data; break;
    case 4: *(u32 *)v->run->mmio.data = data; break;
    default: *(u64 *)v->run->mmio.data = data;
    }
    int found;
    STEP_CALL(kvm_io_bus_write, kvm_riscv_vcpu_mmio, found = bus_write(v->kvm, address, length, v->run->mmio.data));
    if (!found) {
        v->stat.mmio_kernel++;
        PHASE(other);
        STEP_CALL(kvm_riscv_vcpu_mmio_return, kvm_riscv_vcpu_mmio, mmio_return(v));
        return 1;
    }
    v->stat.mmio_user++;
    v->run->exit_reason = KVM_EXIT_MMIO;
    return 0;
}

/* The access is done: a load's value to its register, extended; then on to the next instruction. Once only. */
int mmio_return(struct kvm_vcpu *v) {
    if (v->mmio.finished) return 0;
    v->mmio.finished = true;
    u32 insn = v->mmio.insn;
    if (!v->run->mmio.is_write) {
        u64 value;
        switch (v->mmio.length) {
        case 1: value = *(u8 *)v->run->mmio.data; break;
        case 2: value = *(u16 *)v->run->mmio.data; break;
        case 4: value = *(u32 *)v->run->mmio.data; break;
        case 8: value = *(u64 *)v->run->mmio.data; break;
        default: return -EOPNOTSUPP;
        }
        if (RD(insn)) v->guest.x[RD(insn)] = (s64)(value << v->mmio.shift) >> v->mmio.shift;
    }
    v->guest.sepc += v->mmio.insn_length;
    return 0;
}

/* Waits until an interrupt is pending for the guest, then steps over the instruction. */
static int wfi(struct kvm_vcpu *v) {
    v->stat.wfi++;
    if (!has_interrupt(v)) {
        srcu_read_unlock(&v->kvm->srcu, v->srcu_index);
        vcpu_halt(v);
        v->srcu_index = srcu_read_lock(&v->kvm->srcu);
    }
    v->guest.sepc += 4;
    return 1;
}

/* Instructions trapped because the guest runs virtualized. stval holds the instruction, or 0. */
int virtual_insn(struct kvm_vcpu *v, const struct kvm_trap *trap) {
    STEP(kvm_riscv_vcpu_virtual_insn);
    u64 insn = trap->stval;
    if (insn == 0) {
        struct kvm_trap fetch;
        insn = read_guest_insn(v, v->guest.sepc, &fetch);
        if (fetch.scause) {
            fetch.sepc = v->guest.sepc;
            redirect_trap(v, &fetch);
            return 1;
        }
    }
    if (insn == MATCH_WFI) return wfi(v);
    struct kvm_trap illegal = {.sepc = v->guest.sepc, .scause = CAUSE_ILLEGAL, .stval = insn};
    redirect_trap(v, &illegal);
    return 1;
}
