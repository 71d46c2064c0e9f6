/* SBI calls to the firmware (host/sbi.c). */
#ifndef KERNEL_SBI_H
#define KERNEL_SBI_H

#include "types.h"

struct sbi_result {
    s64 error;
    s64 value;
};

struct sbi_result sbi_call(u64 ext, u64 fid, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4);
void sbi_set_timer(u64 mtime);
void sbi_send_ipi(u64 hart_mask);
s64 sbi_remote_fence_i(u64 hart_mask);
s64 sbi_remote_sfence_vma(u64 hart_mask, u64 va, u64 size);
/* gpa and size in bytes; size ~0 = everything. */
s64 sbi_remote_hfence_gvma(u64 hart_mask, u64 gpa, u64 size);
s64 sbi_remote_hfence_vvma(u64 hart_mask, u64 va, u64 size);

#endif
