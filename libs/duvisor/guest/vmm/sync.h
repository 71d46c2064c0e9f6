/* Threads of this process and their locks (sync.c). */
#ifndef VMM_SYNC_H
#define VMM_SYNC_H

#include "types.h"

/* 0 free, 1 taken, 2 taken and perhaps waited for. */
struct mutex {
    u32 state;
};

void mutex_lock(struct mutex *m);
void mutex_unlock(struct mutex *m);

/* A new thread that runs `function(argument)` and is gone when that returns; it lives in this process until then. */
void thread_start(void (*function)(void *argument), void *argument);

#endif
