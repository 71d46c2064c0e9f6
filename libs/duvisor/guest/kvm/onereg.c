/* KVM_SET_ONE_REG and KVM_GET_ONE_REG: core registers, the guest's S-mode CSRs, and the timer (read only). */
#include "csr.h"
#include "errno.h"
#include "kernel/uaccess.h"
#include "kvm/kvm.h"

#define CORE_REGS 33 /* pc, x1..x31, mode */
#define CORE_MODE 32
#define CSR_REGS 10

/* Linux's struct kvm_riscv_csr: sstatus, sie, stvec, sscratch, sepc, scause, stval, sip, satp, scounteren. */
static u64 *csr_place(struct kvm_vcpu *v, u64 index) {
    struct vs_csrs *c = &v->csrs;
    u64 *const places[CSR_REGS] = {&c->vsstatus, &c->vsie,   &c->vstvec, &c->vsscratch, &c->vsepc,
                                   &c->vscause,  &c->vstval, &c->hvip,   &c->vsatp,     &v->guest.scounteren};
    return index < CSR_REGS ? places[index] : NULL;
}

static u64 *core_place(struct kvm_vcpu *v, u64 index) {
    if (index == 0) return &v->guest.sepc;
    return index < CORE_MODE ? &v->guest.x[index] : NULL;
}

static int timer_value(u64 index, u64 *value) {
    if (index == KVM_REG_TIMER_FREQUENCY) *value = timebase_hz;
    else if (index == KVM_REG_TIMER_TIME) *value = csr_read(CSR_TIME);
    else return -EINVAL;
    return 0;
}

int get_one_reg(struct kvm_vcpu *v, const struct kvm_one_reg *reg) {
    u64 index = reg->id & KVM_REG_RISCV_INDEX;
    u64 value;
    const u64 *place = NULL;
    switch (reg->id & ~KVM_REG_RISCV_INDEX) {
    case KVM_REG_RISCV_CORE:
        if (index == CORE_MODE) value = v->guest.sstatus & SSTATUS_SPP ? 1 : 0;
        else if (!(place = core_place(v, index))) return -EINVAL;
        break;
    case KVM_REG_RISCV_CSR:
        if (!(place = csr_place(v, index))) return -EINVAL;
        break;
    case KVM_REG_RISCV_TIMER:
        if (timer_value(index, &value)) return -EINVAL;
        break;
    default: return -EINVAL;
    }
    if (place) value = *place;
    return copy_to_user(reg->addr, &value, sizeof value);
}

int set_one_reg(struct kvm_vcpu *v, const struct kvm_one_reg *reg) {
    u64 index = reg->id & KVM_REG_RISCV_INDEX;
    u64 value;
    if (copy_from_user(&value, reg->addr, sizeof value)) return -EFAULT;
    u64 *place = NULL;
    switch (reg->id & ~KVM_REG_RISCV_INDEX) {
    case KVM_REG_RISCV_CORE:
        if (index == CORE_MODE) {
            v->guest.sstatus = (v->guest.sstatus & ~SSTATUS_SPP) | (value ? SSTATUS_SPP : 0);
            return 0;
        }
        place = core_place(v, index);
        break;
    case KVM_REG_RISCV_CSR: place = csr_place(v, index); break;
    }
    if (!place) return -EINVAL;
    *place = value;
    return 0;
}
