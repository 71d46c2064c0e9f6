/* SBI TIME: the hart's mtimecmp, passed on to HS-mode as STIP. */
#include "firmware.h"

void timer_set(u64 deadline) {
    mmio_write64(CLINT_MTIMECMP(hart_id()), deadline);
    csr_clear(CSR_MIP, BIT(IRQ_STI));
    csr_set(CSR_MIE, BIT(IRQ_MTI));
}

/* MTIP stays up until the next timer_set, so it is masked meanwhile. */
void timer_interrupt(void) {
    csr_clear(CSR_MIE, BIT(IRQ_MTI));
    csr_set(CSR_MIP, BIT(IRQ_STI));
}
