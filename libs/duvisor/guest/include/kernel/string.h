/* lib/string.c. memcpy, memset and memmove must exist by these names: the compiler calls them. */
#ifndef KERNEL_STRING_H
#define KERNEL_STRING_H

#include "types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
/* Base 0 = by prefix (0x). *end is set to the first character not used. */
u64 strtou64(const char *s, const char **end, int base);

#endif
