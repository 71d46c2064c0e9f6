#include "kernel/uaccess.h"

#include "errno.h"
#include "kernel.h"

u64 copy_user(void *dst, const void *src, u64 n); /* uaccess.S */

bool access_ok(u64 addr, size_t n) { return addr < USER_TOP && n <= USER_TOP - addr; }

static int copy(void *dst, const void *src, size_t n) {
    csr_set(CSR_SSTATUS, SSTATUS_SUM);
    u64 left = copy_user(dst, src, n);
    csr_clear(CSR_SSTATUS, SSTATUS_SUM);
    return left ? -EFAULT : 0;
}

int copy_from_user(void *dst, u64 src, size_t n) { return access_ok(src, n) ? copy(dst, (const void *)src, n) : -EFAULT; }
int copy_to_user(u64 dst, const void *src, size_t n) { return access_ok(dst, n) ? copy((void *)dst, src, n) : -EFAULT; }

s64 strncpy_from_user(char *dst, u64 src, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (copy_from_user(&dst[i], src + i, 1)) return -EFAULT;
        if (dst[i] == 0) return (s64)i;
    }
    return -E2BIG;
}
