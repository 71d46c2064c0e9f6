/*
 * HU-mode (U-mode with hstatus.HU=1), page table of this process; the way into the guest and back (dv-ext.md §4).
 *
 * enter_guest(a0 = struct vcpu *) looks to C like a call that returns at the guest's next exit. It keeps what C expects a
 * call to keep, plus gp and tp, which the guest also overwrites. The guest's VS CSRs stay in the hart.
 */
#include "probe.h"
#include "csr.h"
#include "vcpu.h"

#define URET .word 0x00200073
#define X(n) (VCPU_X + 8 * (n))(a0)
#define HOST(n) (VCPU_HOST + 8 * (n))(a0)

    .text
    .globl enter_guest
enter_guest:
    PHASE entry
    STEP switch_to_guest
    sd ra, HOST(0)
    sd sp, HOST(1)
    sd gp, HOST(2)
    sd tp, HOST(3)
    sd s0, HOST(4)
    sd s1, HOST(5)
    sd s2, HOST(6)
    sd s3, HOST(7)
    sd s4, HOST(8)
    sd s5, HOST(9)
    sd s6, HOST(10)
    sd s7, HOST(11)
    sd s8, HOST(12)
    sd s9, HOST(13)
    sd s10, HOST(14)
    sd s11, HOST(15)

    ld t0, VCPU_HUSTATUS(a0)
    ld t1, VCPU_HUCOUNTEREN(a0)
    ld t2, VCPU_HUTVAL(a0)
    ld t3, VCPU_UEPC(a0)
    ld t4, VCPU_UCAUSE(a0)
    ld t5, VCPU_UTVAL(a0)
    csrw CSR_HUSTATUS, t0
    csrw CSR_HUCOUNTEREN, t1
    csrw CSR_HUTVAL, t2
    csrw CSR_UEPC, t3
    csrw CSR_UCAUSE, t4
    csrw CSR_UTVAL, t5
    csrw CSR_USCRATCH, a0

    ld ra, X(1)
    ld sp, X(2)
    ld gp, X(3)
    ld tp, X(4)
    ld t0, X(5)
    ld t1, X(6)
    ld t2, X(7)
    ld s0, X(8)
    ld s1, X(9)
    ld a1, X(11)
    ld a2, X(12)
    ld a3, X(13)
    ld a4, X(14)
    ld a5, X(15)
    ld a6, X(16)
    ld a7, X(17)
    ld s2, X(18)
    ld s3, X(19)
    ld s4, X(20)
    ld s5, X(21)
    ld s6, X(22)
    ld s7, X(23)
    ld s8, X(24)
    ld s9, X(25)
    ld s10, X(26)
    ld s11, X(27)
    ld t3, X(28)
    ld t4, X(29)
    ld t5, X(30)
    ld t6, X(31)
    ld a0, X(10)
    URET

/*
 * utvec points here. From the guest (hustatus.UPV=1): all registers are the guest's, uscratch = struct vcpu *.
 * From this process itself, when a HULVX found no G-stage mapping (UPV=0): the handlers see UPV=0 and give up; so uscratch
 * must hold the pointer in HU-mode, too.
 */
    .balign 4
    .globl exit_vector
exit_vector:
    csrrw a0, CSR_USCRATCH, a0
    sd ra, X(1)
    sd sp, X(2)
    sd gp, X(3)
    sd tp, X(4)
    sd t0, X(5)
    sd t1, X(6)
    sd t2, X(7)
    sd s0, X(8)
    sd s1, X(9)
    csrr t0, CSR_USCRATCH
    sd a1, X(11)
    sd a2, X(12)
    sd a3, X(13)
    sd a4, X(14)
    sd a5, X(15)
    sd a6, X(16)
    sd a7, X(17)
    sd s2, X(18)
    sd s3, X(19)
    sd s4, X(20)
    sd s5, X(21)
    sd s6, X(22)
    sd s7, X(23)
    sd s8, X(24)
    sd s9, X(25)
    sd s10, X(26)
    sd s11, X(27)
    sd t3, X(28)
    sd t4, X(29)
    sd t5, X(30)
    sd t6, X(31)
    sd t0, X(10)
    csrw CSR_USCRATCH, a0

    csrr t0, CSR_HUSTATUS
    csrr t1, CSR_HUCOUNTEREN
    csrr t2, CSR_HUTVAL
    csrr t3, CSR_UEPC
    csrr t4, CSR_UCAUSE
    csrr t5, CSR_UTVAL
    sd t0, VCPU_HUSTATUS(a0)
    sd t1, VCPU_HUCOUNTEREN(a0)
    sd t2, VCPU_HUTVAL(a0)
    sd t3, VCPU_UEPC(a0)
    sd t4, VCPU_UCAUSE(a0)
    sd t5, VCPU_UTVAL(a0)

    ld ra, HOST(0)
    ld sp, HOST(1)
    ld gp, HOST(2)
    ld tp, HOST(3)
    ld s0, HOST(4)
    ld s1, HOST(5)
    ld s2, HOST(6)
    ld s3, HOST(7)
    ld s4, HOST(8)
    ld s5, HOST(9)
    ld s6, HOST(10)
    ld s7, HOST(11)
    ld s8, HOST(12)
    ld s9, HOST(13)
    ld s10, HOST(14)
    ld s11, HOST(15)
    ret
