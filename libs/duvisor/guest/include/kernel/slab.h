/* Small objects (host/slab.c): power-of-two caches from 32 to 2048 bytes, larger sizes as whole pages. */
#ifndef KERNEL_SLAB_H
#define KERNEL_SLAB_H

#include "types.h"

void *kmalloc(size_t size);
void *kzalloc(size_t size);
void kfree(void *object); /* null is allowed */

#endif
