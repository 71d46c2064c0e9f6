#include "sync.h"

#include "sys.h"
#include "vmm.h"

#define THREAD_STACK (64 * 1024ul)

/* crt.S: clone(2) of a thread; returns its id or a negated errno. */
long thread_clone(void *stack_top, void (*function)(void *argument), void *argument);

void mutex_lock(struct mutex *m) {
    u32 seen = 0;
    if (__atomic_compare_exchange_n(&m->state, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) return;
    while (__atomic_exchange_n(&m->state, 2, __ATOMIC_ACQUIRE) != 0) sys_futex_wait(&m->state, 2, 0);
}

void mutex_unlock(struct mutex *m) {
    if (__atomic_exchange_n(&m->state, 0, __ATOMIC_RELEASE) == 2) sys_futex_wake(&m->state, 1);
}

void thread_start(void (*function)(void *), void *argument) {
    long stack = sys_mmap(THREAD_STACK, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    long tid = stack < 0 ? stack : thread_clone((void *)(stack + THREAD_STACK), function, argument);
    if (tid < 0) die(1, "cannot start a thread, errno %d", (int)-tid);
}
