/* ppoll: sleep until one of some files is ready. */
#include "errno.h"
#include "kernel.h"
#include "probe.h"

#define MAX_POLL 16
#define POLLNVAL 32

struct pollfd {
    s32 fd;
    s16 events, revents;
};

s64 poll_user(u64 user_fds, u32 count, u64 timeout_ns, bool forever) {
    struct pollfd fds[MAX_POLL];
    struct file *files[MAX_POLL];
    struct waiter waiters[MAX_POLL];
    STEP(do_sys_poll);
    if (count > MAX_POLL) return -EINVAL;
    if (copy_from_user(fds, user_fds, count * sizeof(fds[0]))) return -EFAULT;
    for (u32 i = 0; i < count; i++) {
        files[i] = fds[i].fd < 0 ? NULL : fget(fds[i].fd);
        waiters[i].task = current;
        list_init(&waiters[i].link);
    }
    u64 until = forever ? 0 : ktime_get() + timeout_ns;
    s64 ready;
    for (;;) {
        ready = 0;
        for (u32 i = 0; i < count; i++) {
            fds[i].revents = 0;
            if (fds[i].fd < 0) continue;
            if (!files[i]) {
                fds[i].revents = POLLNVAL;
            } else {
                wait_prepare(&files[i]->poll_wait, &waiters[i]);
                u32 mask = files[i]->ops->poll ? files[i]->ops->poll(files[i]) : POLLIN | POLLOUT;
                fds[i].revents = (s16)(mask & ((u32)fds[i].events | POLLHUP));
            }
            if (fds[i].revents) ready++;
        }
        if (ready || (!forever && ktime_get() >= until)) break;
        if (kill_pending()) {
            ready = -EINTR;
            break;
        }
        WRITE_ONCE(current->state, TASK_SLEEPING);
        if (forever) schedule();
        else schedule_timeout(until);
    }
    WRITE_ONCE(current->state, TASK_RUNNING);
    for (u32 i = 0; i < count; i++) {
        if (!files[i]) continue;
        wait_finish(&files[i]->poll_wait, &waiters[i]);
        fput(files[i]);
    }
    if (ready < 0) return ready;
    return copy_to_user(user_fds, fds, count * sizeof(fds[0])) ? -EFAULT : ready;
}
