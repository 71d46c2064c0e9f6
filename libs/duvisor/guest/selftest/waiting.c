/* Time, eventfd, ppoll; an idle hart. */
#include "selftest.h"

#define O_NONBLOCK 0x800
#define EFD_SEMAPHORE 1
#define POLLIN 1
#define POLLOUT 4

static u8 stack[8192] __attribute__((aligned(16)));
static s32 alive;

static void nap(u64 ns) {
    struct timespec t = { (s64)(ns / 1000000000), (s64)(ns % 1000000000) };
    EXPECT(CALL(nanosleep, &t, 0, 0, 0, 0, 0), 0);
}

/* Signals the descriptor a little later. */
static void signal_later(void *fd) {
    u64 one = 1;
    nap(5000000);
    EXPECT(CALL(write, fd, &one, 8, 0, 0, 0), 8);
}

static void start(s64 fd) {
    alive = 1;
    CHECK(thread_create(stack + sizeof(stack), &alive, signal_later, (void *)fd) > 0);
}

static void join(void) {
    for (s32 v; (v = __atomic_load_n(&alive, __ATOMIC_ACQUIRE));) CALL(futex, &alive, 0, v, 0, 0, 0);
}

void waiting(void) {
    u64 before = now_ns();
    nap(20000000);
    u64 slept = now_ns() - before;
    CHECK(slept >= 20000000 && slept < 40000000);
    struct timespec bad = { 0, 1000000000 };
    EXPECT(CALL(nanosleep, &bad, 0, 0, 0, 0, 0), -EINVAL);

    u64 v = 0;
    s64 fd = CALL(eventfd2, 3, O_NONBLOCK, 0, 0, 0, 0);
    EXPECT(CALL(read, fd, &v, 8, 0, 0, 0), 8);
    CHECK(v == 3);
    EXPECT(CALL(read, fd, &v, 8, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(read, fd, &v, 4, 0, 0, 0), -EINVAL);
    v = ~0UL - 1;
    EXPECT(CALL(write, fd, &v, 8, 0, 0, 0), 8);
    v = 1;
    EXPECT(CALL(write, fd, &v, 8, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);

    fd = CALL(eventfd2, 2, EFD_SEMAPHORE, 0, 0, 0, 0);
    EXPECT(CALL(read, fd, &v, 8, 0, 0, 0), 8);
    CHECK(v == 1);
    EXPECT(CALL(read, fd, &v, 8, 0, 0, 0), 8);
    start(fd); /* blocks until the thread writes */
    EXPECT(CALL(read, fd, &v, 8, 0, 0, 0), 8);
    join();

    struct { s32 fd; s16 events, revents; } poll[2] = { { (s32)fd, POLLIN, 0 }, { -1, POLLIN, 0 } };
    struct timespec none = { 0, 0 }, some = { 0, 10000000 };
    EXPECT(CALL(ppoll, poll, 2, &none, 0, 0, 0), 0);
    before = now_ns();
    EXPECT(CALL(ppoll, poll, 2, &some, 0, 0, 0), 0);
    CHECK(now_ns() - before >= 10000000);
    start(fd);
    EXPECT(CALL(ppoll, poll, 2, 0, 0, 0, 0), 1);
    CHECK(poll[0].revents == POLLIN && poll[1].revents == 0);
    join();
    poll[0].events = POLLOUT;
    EXPECT(CALL(ppoll, poll, 2, 0, 0, 0, 0), 1);
    CHECK(poll[0].revents == POLLOUT);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    EXPECT(CALL(ppoll, poll, 1, 0, 0, 0, 0), 1); /* POLLNVAL */
}
