/*
 * The /dev/kvm interface: Linux's RISC-V ioctl numbers, structures and register ids (Linux UAPI, 6.1), the subset in use.
 * Read by both sides: the module (guest/kvm) and the VMM (guest/vmm/kvm). The same VMM binary talks to Linux's own KVM,
 * so nothing here may be invented.
 */
#ifndef KVM_UAPI_H
#define KVM_UAPI_H

#include "types.h"

#define KVM_API_VERSION 12

/* on /dev/kvm */
#define KVM_GET_API_VERSION 0xAE00
#define KVM_CREATE_VM 0xAE01
#define KVM_CHECK_EXTENSION 0xAE03
#define KVM_GET_VCPU_MMAP_SIZE 0xAE04
/* on a VM */
#define KVM_CREATE_VCPU 0xAE41
#define KVM_SET_USER_MEMORY_REGION 0x4020AE46
#define KVM_IOEVENTFD 0x4040AE79
/* on a vCPU */
#define KVM_RUN 0xAE80
#define KVM_INTERRUPT 0x4004AE86
#define KVM_GET_ONE_REG 0x4010AEAB
#define KVM_SET_ONE_REG 0x4010AEAC

struct kvm_userspace_memory_region {
    u32 slot;
    u32 flags;
    u64 guest_phys_addr;
    u64 memory_size; /* bytes */
    u64 userspace_addr;
};

struct kvm_ioeventfd {
    u64 datamatch;
    u64 addr;
    u32 len; /* 0 (any), 1, 2, 4 or 8 bytes */
    s32 fd;
    u32 flags;
    u8 pad[36];
};
#define KVM_IOEVENTFD_FLAG_DATAMATCH (1u << 0)
#define KVM_IOEVENTFD_FLAG_DEASSIGN (1u << 2)

struct kvm_one_reg {
    u64 id;
    u64 addr; /* user address of the value */
};
#define KVM_REG_RISCV_U64 0x8030000000000000ul
#define KVM_REG_RISCV_CORE (KVM_REG_RISCV_U64 | 0x02000000) /* + 0: pc, + n: x<n>, + 32: mode (1 = S) */
#define KVM_REG_RISCV_CSR (KVM_REG_RISCV_U64 | 0x03000000)  /* + index in kvm_riscv_csr order, see onereg.c */
#define KVM_REG_RISCV_TIMER (KVM_REG_RISCV_U64 | 0x04000000)
#define KVM_REG_RISCV_TYPE 0xff000000ul
#define KVM_REG_RISCV_INDEX 0x00fffffful
#define KVM_REG_TIMER_FREQUENCY 0
#define KVM_REG_TIMER_TIME 1

struct kvm_interrupt {
    u32 irq;
};
#define KVM_INTERRUPT_SET 0xffffffffu
#define KVM_INTERRUPT_UNSET 0xfffffffeu

enum {
    KVM_EXIT_UNKNOWN = 0,
    KVM_EXIT_MMIO = 6,
    KVM_EXIT_INTR = 10,
    KVM_EXIT_SYSTEM_EVENT = 24,
    KVM_EXIT_RISCV_SBI = 35,
};
enum { KVM_SYSTEM_EVENT_SHUTDOWN = 1, KVM_SYSTEM_EVENT_RESET = 2 };

/* The page shared by a vCPU thread and the module. */
struct kvm_run {
    u8 request_interrupt_window;
    u8 immediate_exit;
    u8 padding1[6];
    u32 exit_reason;
    u8 ready_for_interrupt_injection;
    u8 if_flag;
    u16 flags;
    u64 cr8;
    u64 apic_base;
    union {
    struct {
        u64 phys_addr;
        u8 data[8];
        u32 len;
        u8 is_write;
    } mmio;
    struct {
        u64 extension_id;
        u64 function_id;
        u64 args[6];
        u64 ret[2]; /* filled by the VMM: SBI error, value */
    } riscv_sbi;
    struct {
        u32 type;
        u32 ndata;
        u64 data[16]; /* data[0]: SBI reset reason */
    } system_event;
    u8 padding[256];
    };
};
_Static_assert(__builtin_offsetof(struct kvm_run, mmio) == 32, "run page layout is Linux's");

#endif
