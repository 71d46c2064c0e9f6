/* Sleepable read sections (host/srcu.c): readers count themselves per hart; a writer waits for the old set to drain. */
#ifndef KERNEL_SRCU_H
#define KERNEL_SRCU_H

#include "kernel/mutex.h"
#include "kernel/percpu.h"

struct srcu {
    u32 index; /* which of the two sets new readers join */
    struct {
        s64 lock[2], unlock[2];
    } hart[MAX_HARTS];
    struct mutex writer;
};

void srcu_init(struct srcu *s);
/* Returns the set joined; give it back to the unlock. */
int srcu_read_lock(struct srcu *s);
void srcu_read_unlock(struct srcu *s, int index);
/* Wait until every reader that might hold an old pointer has left. May sleep. */
void synchronize_srcu(struct srcu *s);

/* Quiescent state of this hart: called when a vCPU thread is about to enter its guest, and on context switch. */
void rcu_note_context_switch(void);

#endif
