/* eventfd (host/eventfd.c): a 64-bit counter with waiters; the kernel may signal it (ioeventfd). */
#ifndef KERNEL_EVENTFD_H
#define KERNEL_EVENTFD_H

#include "types.h"

struct eventfd;

/* Context behind an eventfd descriptor, with a reference; null when fd is none. */
struct eventfd *eventfd_ctx_fdget(int fd);
void eventfd_ctx_put(struct eventfd *e);
/* counter += n (saturating), wake readers and pollers. Any context. */
void eventfd_signal(struct eventfd *e, u64 n);

#endif
