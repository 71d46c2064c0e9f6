/*
 * The world switch. HS-mode, interrupts off, kernel page table; the guest's VS CSRs and hgatp are in the hart already.
 * C sees world_switch(a0 = struct kvm_vcpu *) as a call that returns at the guest's next trap.
 *
 * stvec is swapped because the guest's trap arrives at the S vector; sscratch holds the vCPU while the guest runs.
 */
#include "csr.h"
#include "kvm/offsets.h"
#include "probe.h"

#define G(n) (VCPU_GUEST + 8 * (n))(a0)
#define GCSR(field) (VCPU_GUEST + (field))(a0)
#define H(n) (VCPU_HOST + 8 * (n))(a0)
#define HCSR(field) (VCPU_HOST + (field))(a0)

    .text
    .globl world_switch
world_switch:
    /* What the kernel must find again: callee-saved and argument registers, ra, sp, gp, tp. */
    sd ra, H(1)
    sd sp, H(2)
    sd gp, H(3)
    sd tp, H(4)
    sd s0, H(8)
    sd s1, H(9)
    sd a1, H(11)
    sd a2, H(12)
    sd a3, H(13)
    sd a4, H(14)
    sd a5, H(15)
    sd a6, H(16)
    sd a7, H(17)
    sd s2, H(18)
    sd s3, H(19)
    sd s4, H(20)
    sd s5, H(21)
    sd s6, H(22)
    sd s7, H(23)
    sd s8, H(24)
    sd s9, H(25)
    sd s10, H(26)
    sd s11, H(27)

    ld t0, GCSR(CTX_SSTATUS)
    ld t1, GCSR(CTX_HSTATUS)
    ld t2, GCSR(CTX_SCOUNTEREN)
    ld t5, GCSR(CTX_SEPC)
    la t3, switch_return
    csrrw t0, CSR_SSTATUS, t0
    csrrw t1, CSR_HSTATUS, t1
    csrrw t2, CSR_SCOUNTEREN, t2
    csrrw t3, CSR_STVEC, t3
    csrrw t4, CSR_SSCRATCH, a0
    csrw CSR_SEPC, t5
    sd t0, HCSR(CTX_SSTATUS)
    sd t1, HCSR(CTX_HSTATUS)
    sd t2, HCSR(CTX_SCOUNTEREN)
    sd t3, HCSR(CTX_STVEC)
    sd t4, HCSR(CTX_SSCRATCH)

    ld ra, G(1)
    ld sp, G(2)
    ld gp, G(3)
    ld tp, G(4)
    ld t0, G(5)
    ld t1, G(6)
    ld t2, G(7)
    ld s0, G(8)
    ld s1, G(9)
    ld a1, G(11)
    ld a2, G(12)
    ld a3, G(13)
    ld a4, G(14)
    ld a5, G(15)
    ld a6, G(16)
    ld a7, G(17)
    ld s2, G(18)
    ld s3, G(19)
    ld s4, G(20)
    ld s5, G(21)
    ld s6, G(22)
    ld s7, G(23)
    ld s8, G(24)
    ld s9, G(25)
    ld s10, G(26)
    ld s11, G(27)
    ld t3, G(28)
    ld t4, G(29)
    ld t5, G(30)
    ld t6, G(31)
    ld a0, G(10)
    sret

/* stvec while the guest runs: any trap out of it. All registers are the guest's, sscratch = struct kvm_vcpu *. */
    .balign 4
switch_return:
    STEP __kvm_switch_return
    csrrw a0, CSR_SSCRATCH, a0
    sd ra, G(1)
    sd sp, G(2)
    sd gp, G(3)
    sd tp, G(4)
    sd t0, G(5)
    sd t1, G(6)
    sd t2, G(7)
    sd s0, G(8)
    sd s1, G(9)
    sd a1, G(11)
    sd a2, G(12)
    sd a3, G(13)
    sd a4, G(14)
    sd a5, G(15)
    sd a6, G(16)
    sd a7, G(17)
    sd s2, G(18)
    sd s3, G(19)
    sd s4, G(20)
    sd s5, G(21)
    sd s6, G(22)
    sd s7, G(23)
    sd s8, G(24)
    sd s9, G(25)
    sd s10, G(26)
    sd s11, G(27)
    sd t3, G(28)
    sd t4, G(29)
    sd t5, G(30)
    sd t6, G(31)

    ld t1, HCSR(CTX_STVEC)
    ld t2, HCSR(CTX_SSCRATCH)
    ld t3, HCSR(CTX_SCOUNTEREN)
    ld t4, HCSR(CTX_HSTATUS)
    ld t5, HCSR(CTX_SSTATUS)
    csrr t0, CSR_SEPC
    csrw CSR_STVEC, t1
    csrrw t2, CSR_SSCRATCH, t2 /* gives the guest's a0 */
    csrrw t3, CSR_SCOUNTEREN, t3
    csrrw t4, CSR_HSTATUS, t4
    csrrw t5, CSR_SSTATUS, t5
    sd t0, GCSR(CTX_SEPC)
    sd t2, G(10)
    sd t3, GCSR(CTX_SCOUNTEREN)
    sd t4, GCSR(CTX_HSTATUS)
    sd t5, GCSR(CTX_SSTATUS)

    ld ra, H(1)
    ld sp, H(2)
    ld gp, H(3)
    ld tp, H(4)
    ld s0, H(8)
    ld s1, H(9)
    ld a1, H(11)
    ld a2, H(12)
    ld a3, H(13)
    ld a4, H(14)
    ld a5, H(15)
    ld a6, H(16)
    ld a7, H(17)
    ld s2, H(18)
    ld s3, H(19)
    ld s4, H(20)
    ld s5, H(21)
    ld s6, H(22)
    ld s7, H(23)
    ld s8, H(24)
    ld s9, H(25)
    ld s10, H(26)
    ld s11, H(27)
    ret
