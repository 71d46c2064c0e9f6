/* Shared by dv.h and dv_entry.S. */
#ifndef HOST_DV_CSRS_H
#define HOST_DV_CSRS_H

/*
 * The CSRs of a vCPU thread, in the order dv_entry.S saves and restores them at every kernel entry and exit of the
 * thread. Each is listed once: X(index, CSR).
 */
#define DV_SAVED_CSRS(X)                                                                        \
    X(0, CSR_HUSTATUS)                                                                          \
    X(1, CSR_HUIE)                                                                              \
    X(2, CSR_HUCOUNTEREN)                                                                       \
    X(3, CSR_HUTVAL)                                                                            \
    X(4, CSR_HUGATP)                                                                            \
    X(5, CSR_HUTIMEDELTA)                                                                       \
    X(6, CSR_HUVSSTATUS)                                                                        \
    X(7, CSR_HUVSIE)                                                                            \
    X(8, CSR_HUVSTVEC)                                                                          \
    X(9, CSR_HUVSSCRATCH)                                                                       \
    X(10, CSR_HUVSEPC)                                                                          \
    X(11, CSR_HUVSCAUSE)                                                                        \
    X(12, CSR_HUVSTVAL)                                                                         \
    X(13, CSR_HUVSATP)                                                                          \
    X(14, CSR_UTVEC)                                                                            \
    X(15, CSR_UEPC)                                                                             \
    X(16, CSR_USCRATCH)                                                                         \
    X(17, CSR_UCAUSE)                                                                           \
    X(18, CSR_UTVAL)                                                                            \
    X(19, CSR_VTIMECTL)                                                                         \
    X(20, CSR_VTIMECMP)                                                                         \
    X(21, CSR_VCPUID)
#define DV_NR_SAVED 22

#define DV_HUVSSTATUS_INDEX 6
#define DV_HUVSTVEC_INDEX 8
#define DV_HUVSEPC_INDEX 10
#define DV_HUVSCAUSE_INDEX 11
#define DV_HUVSTVAL_INDEX 12
#define DV_VTIMECMP_INDEX 20

#endif
