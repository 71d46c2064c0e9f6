/* Numbers of the Supervisor Binary Interface 1.0, and extension 0x09 of the DV-ext firmware (dv-ext.md 5.3). */
#ifndef SBI_ABI_H
#define SBI_ABI_H

#define SBI_SUCCESS 0
#define SBI_ERR_FAILED (-1)
#define SBI_ERR_NOT_SUPPORTED (-2)
#define SBI_ERR_INVALID_PARAM (-3)
#define SBI_ERR_DENIED (-4)
#define SBI_ERR_INVALID_ADDRESS (-5)
#define SBI_ERR_ALREADY_AVAILABLE (-6)

#define SBI_LEGACY_SET_TIMER 0x00
#define SBI_LEGACY_PUTCHAR 0x01
#define SBI_LEGACY_GETCHAR 0x02
#define SBI_LEGACY_SHUTDOWN 0x08

/* Ranges that virtual machines may reach: add(base, length, set), remove(base, length, set), switch(set). */
#define SBI_EXT_VPMP 0x09
#define SBI_VPMP_ADD 0
#define SBI_VPMP_REMOVE 1
#define SBI_VPMP_SWITCH 2
#define SBI_VPMP_NO_SET (~0UL) /* switch: no range is open */

#define SBI_EXT_BASE 0x10
#define SBI_BASE_SPEC_VERSION 0
#define SBI_BASE_IMPL_ID 1
#define SBI_BASE_IMPL_VERSION 2
#define SBI_BASE_PROBE 3
#define SBI_BASE_MVENDORID 4
#define SBI_BASE_MARCHID 5
#define SBI_BASE_MIMPID 6

#define SBI_EXT_TIME 0x54494D45

#define SBI_EXT_IPI 0x735049

#define SBI_EXT_RFENCE 0x52464E43
#define SBI_RFENCE_FENCE_I 0
#define SBI_RFENCE_SFENCE_VMA 1
#define SBI_RFENCE_SFENCE_VMA_ASID 2
#define SBI_RFENCE_HFENCE_GVMA_VMID 3
#define SBI_RFENCE_HFENCE_GVMA 4
#define SBI_RFENCE_HFENCE_VVMA_ASID 5
#define SBI_RFENCE_HFENCE_VVMA 6

#define SBI_EXT_HSM 0x48534D
#define SBI_HSM_START 0
#define SBI_HSM_STOP 1
#define SBI_HSM_STATUS 2
#define SBI_HSM_STARTED 0
#define SBI_HSM_STOPPED 1
#define SBI_HSM_START_PENDING 2

#define SBI_EXT_SRST 0x53525354

#endif
