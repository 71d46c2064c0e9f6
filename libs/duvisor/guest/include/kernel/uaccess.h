/* Copies between kernel and user memory (host/uaccess.S). A fault on the user side ends the copy. */
#ifndef KERNEL_UACCESS_H
#define KERNEL_UACCESS_H

#include "types.h"

/* Is the range in the user half at all? */
bool access_ok(u64 addr, size_t n);
/* 0, or -EFAULT when the range is not (entirely) accessible to the current process. */
int copy_from_user(void *dst, u64 user_src, size_t n);
int copy_to_user(u64 user_dst, const void *src, size_t n);
/* Copies at most size bytes including the end; length without it, -EFAULT, or -E2BIG. */
s64 strncpy_from_user(char *dst, u64 user_src, size_t size);

#endif
