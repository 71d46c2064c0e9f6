/*
 * SBI calls that guests may make (duvisor.md §6), beyond sbi-abi.h. Read by the bare guests, the VMM and the KVM-like
 * module. Constants only: assembly includes it too.
 */
#ifndef GUEST_SBI_H
#define GUEST_SBI_H

#include "sbi-abi.h"

/* legacy extension: one id per call, in a7 */
#define SBI_LEGACY_CLEAR_IPI 0x03
#define SBI_LEGACY_SEND_IPI 0x04
#define SBI_LEGACY_REMOTE_FENCE_I 0x05
#define SBI_LEGACY_REMOTE_SFENCE 0x06
#define SBI_LEGACY_REMOTE_SFENCE_ASID 0x07

/* the project's own: test results and benchmark markers */
#define SBI_TEST_PASSED 0x0C000007
#define SBI_TEST_FAILED 0x0C000008 /* a0 = exit code of the VMM, 1..255 */
#define SBI_MEASURE_START 0x0C200000
#define SBI_MEASURE_END 0x0C200001
#define SBI_NULL_HYPERCALL 0x0C200002

#endif
