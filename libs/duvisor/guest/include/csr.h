/*
 * CSR accessors. Numbers and field masks come from generated/csr.h, which is made from the ISA table.
 * The name argument is the number's macro: csr_read(CSR_HSTATUS).
 */
#ifndef CSR_H
#define CSR_H

#include "generated/csr.h"

#ifndef __ASSEMBLER__

#define CSR_STR_(x) #x
#define CSR_STR(x) CSR_STR_(x)

#define csr_read(csr)                                                                  \
    ({                                                                                 \
        unsigned long v_;                                                              \
        __asm__ volatile("csrr %0, " CSR_STR(csr) : "=r"(v_)::"memory");               \
        v_;                                                                            \
    })
#define csr_write(csr, val)                                                            \
    ({ __asm__ volatile("csrw " CSR_STR(csr) ", %0" ::"rK"((unsigned long)(val)) : "memory"); })
#define csr_set(csr, val)                                                              \
    ({ __asm__ volatile("csrs " CSR_STR(csr) ", %0" ::"rK"((unsigned long)(val)) : "memory"); })
#define csr_clear(csr, val)                                                            \
    ({ __asm__ volatile("csrc " CSR_STR(csr) ", %0" ::"rK"((unsigned long)(val)) : "memory"); })
#define csr_swap(csr, val)                                                             \
    ({                                                                                 \
        unsigned long v_;                                                              \
        __asm__ volatile("csrrw %0, " CSR_STR(csr) ", %1" : "=r"(v_) : "rK"((unsigned long)(val)) : "memory"); \
        v_;                                                                            \
    })
#define csr_read_set(csr, val)                                                         \
    ({                                                                                 \
        unsigned long v_;                                                              \
        __asm__ volatile("csrrs %0, " CSR_STR(csr) ", %1" : "=r"(v_) : "rK"((unsigned long)(val)) : "memory"); \
        v_;                                                                            \
    })
#define csr_read_clear(csr, val)                                                       \
    ({                                                                                 \
        unsigned long v_;                                                              \
        __asm__ volatile("csrrc %0, " CSR_STR(csr) ", %1" : "=r"(v_) : "rK"((unsigned long)(val)) : "memory"); \
        v_;                                                                            \
    })

#endif
#endif
