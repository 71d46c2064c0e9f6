#include "kernel/sbi.h"

#include "sbi-abi.h"

struct sbi_result sbi_call(u64 ext, u64 fid, u64 arg0, u64 arg1, u64 arg2, u64 arg3, u64 arg4) {
    register u64 a0 __asm__("a0") = arg0;
    register u64 a1 __asm__("a1") = arg1;
    register u64 a2 __asm__("a2") = arg2;
    register u64 a3 __asm__("a3") = arg3;
    register u64 a4 __asm__("a4") = arg4;
    register u64 a6 __asm__("a6") = fid;
    register u64 a7 __asm__("a7") = ext;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){ (s64)a0, (s64)a1 };
}

void sbi_set_timer(u64 mtime) { sbi_call(SBI_EXT_TIME, 0, mtime, 0, 0, 0, 0); }
void sbi_send_ipi(u64 hart_mask) { sbi_call(SBI_EXT_IPI, 0, hart_mask, 0, 0, 0, 0); }
s64 sbi_remote_fence_i(u64 mask) { return sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_FENCE_I, mask, 0, 0, 0, 0).error; }
s64 sbi_remote_sfence_vma(u64 mask, u64 va, u64 size) {
    return sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_SFENCE_VMA, mask, 0, va, size, 0).error;
}
s64 sbi_remote_hfence_gvma(u64 mask, u64 gpa, u64 size) {
    return sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_GVMA, mask, 0, gpa, size, 0).error;
}
s64 sbi_remote_hfence_vvma(u64 mask, u64 va, u64 size) {
    return sbi_call(SBI_EXT_RFENCE, SBI_RFENCE_HFENCE_VVMA, mask, 0, va, size, 0).error;
}
