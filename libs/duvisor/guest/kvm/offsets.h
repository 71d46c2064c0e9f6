/* Where switch.S finds its fields in struct kvm_vcpu; vcpu.c checks them against the structure. */
#ifndef KVM_OFFSETS_H
#define KVM_OFFSETS_H

/* struct cpu_context: x[32], then these */
#define CTX_SEPC 256
#define CTX_SSTATUS 264
#define CTX_HSTATUS 272
#define CTX_SCOUNTEREN 280
#define CTX_STVEC 288    /* host only */
#define CTX_SSCRATCH 296 /* host only */
#define CTX_SIZE 304

/* struct fp_bank: f[32], then this */
#define FP_FCSR 256

/* struct kvm_vcpu */
#define VCPU_GUEST 0
#define VCPU_HOST CTX_SIZE

/* struct kvm_trap */
#define TRAP_SEPC 0
#define TRAP_SCAUSE 8
#define TRAP_STVAL 16
#define TRAP_HTVAL 24
#define TRAP_HTINST 32

#endif
