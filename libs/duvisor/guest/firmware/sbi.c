/* SBI calls from HS-mode: extension in a7, function in a6 (SBI 1.0). */
#include "firmware.h"

#define SPEC_VERSION 0x01000000 /* 1.0 */
#define IMPLEMENTATION_ID 0x4456 /* "DV": not a registered number */

static struct sbi_return ok(s64 value) { return (struct sbi_return){ SBI_SUCCESS, value }; }
static struct sbi_return result(s64 error) { return (struct sbi_return){ error, 0 }; }

static bool offered(u64 ext) {
    switch (ext) {
    case SBI_LEGACY_SET_TIMER:
    case SBI_LEGACY_PUTCHAR:
    case SBI_LEGACY_GETCHAR:
    case SBI_LEGACY_SHUTDOWN:
    case SBI_EXT_VPMP:
    case SBI_EXT_BASE:
    case SBI_EXT_TIME:
    case SBI_EXT_IPI:
    case SBI_EXT_RFENCE:
    case SBI_EXT_HSM:
    case SBI_EXT_SRST: return true;
    default: return false;
    }
}

static struct sbi_return base_call(u64 fid, u64 a0) {
    switch (fid) {
    case SBI_BASE_SPEC_VERSION: return ok(SPEC_VERSION);
    case SBI_BASE_IMPL_ID: return ok(IMPLEMENTATION_ID);
    case SBI_BASE_IMPL_VERSION: return ok(1);
    case SBI_BASE_PROBE: return ok(offered(a0));
    case SBI_BASE_MVENDORID: return ok((s64)csr_read(CSR_MVENDORID));
    case SBI_BASE_MARCHID: return ok((s64)csr_read(CSR_MARCHID));
    case SBI_BASE_MIMPID: return ok((s64)csr_read(CSR_MIMPID));
    default: return result(SBI_ERR_NOT_SUPPORTED);
    }
}

/* Shutdown (type 0) or reboot (1, 2); reason 1 = system failure. */
static struct sbi_return reset_call(u64 type, u64 reason) {
    if (type > 2 || reason > 1) return result(SBI_ERR_INVALID_PARAM);
    mmio_write32(TEST_FINISHER_BASE, type ? FINISHER_RESET : reason ? 1u << 16 | FINISHER_FAIL : FINISHER_PASS);
    for (;;) __asm__ volatile("wfi");
}

struct sbi_return sbi_dispatch(struct frame *f) {
    u64 fid = f->x[16], a0 = f->x[10], a1 = f->x[11], a2 = f->x[12];
    switch (f->x[17]) {
    case SBI_EXT_TIME:
        if (fid) return result(SBI_ERR_NOT_SUPPORTED);
        timer_set(a0);
        return ok(0);
    case SBI_EXT_IPI:
        if (fid) return result(SBI_ERR_NOT_SUPPORTED);
        return result(ipi_send(a0, a1, IPI_SOFT));
    case SBI_EXT_RFENCE:
        if (fid > SBI_RFENCE_HFENCE_VVMA) return result(SBI_ERR_NOT_SUPPORTED);
        return result(fence_remote(a0, a1, &(struct fence_request){ fid, a2, f->x[13], f->x[14] }));
    case SBI_EXT_HSM: return hsm_call(fid, a0, a1, a2);
    case SBI_EXT_BASE: return base_call(fid, a0);
    case SBI_EXT_SRST:
        if (fid) return result(SBI_ERR_NOT_SUPPORTED);
        return reset_call(a0, a1);
    case SBI_EXT_VPMP: return result(vpmp_call(fid, a0, a1, fid == SBI_VPMP_SWITCH ? a0 : a2));
    case SBI_LEGACY_SET_TIMER: timer_set(a0); return ok(0);
    case SBI_LEGACY_PUTCHAR: console_put((char)a0); return ok(0);
    case SBI_LEGACY_GETCHAR: return result(console_get());
    case SBI_LEGACY_SHUTDOWN: return reset_call(0, 0);
    default: return result(SBI_ERR_NOT_SUPPORTED);
    }
}
