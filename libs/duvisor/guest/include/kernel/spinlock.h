/* Ticket spinlocks, out of line as in an SMP Linux build (host/spinlock.c), and interrupt control. */
#ifndef KERNEL_SPINLOCK_H
#define KERNEL_SPINLOCK_H

#include "csr.h"
#include "types.h"

typedef struct {
    u32 tickets; /* next ticket << 16 | ticket being served */
} spinlock_t;

#define SPINLOCK_INIT { 0 }

static inline void spin_lock_init(spinlock_t *l) { l->tickets = 0; }
void spin_lock(spinlock_t *l);
void spin_unlock(spinlock_t *l);
void spin_lock_irq(spinlock_t *l);
void spin_unlock_irq(spinlock_t *l);
/* Returns the previous sstatus.SIE, to be given back to the unlock. */
unsigned long spin_lock_irqsave(spinlock_t *l);
void spin_unlock_irqrestore(spinlock_t *l, unsigned long flags);

static inline void local_irq_enable(void) { csr_set(CSR_SSTATUS, SSTATUS_SIE); }
static inline void local_irq_disable(void) { csr_clear(CSR_SSTATUS, SSTATUS_SIE); }
static inline unsigned long local_irq_save(void) { return csr_read_clear(CSR_SSTATUS, SSTATUS_SIE) & SSTATUS_SIE; }
static inline void local_irq_restore(unsigned long flags) { csr_set(CSR_SSTATUS, flags & SSTATUS_SIE); }
static inline bool irqs_disabled(void) { return !(csr_read(CSR_SSTATUS) & SSTATUS_SIE); }

#endif
