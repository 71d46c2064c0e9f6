/* Sockets, epoll and ppoll without a peer: errors and limits. */
#include "vmtest.h"

#define NONBLOCK 04000
#define EPOLLIN 1u

struct address {
    u16 family, port;
    u32 ip;
    u64 zero;
};
struct event {
    u32 events, pad;
    u64 data;
};
struct pollfd {
    s32 fd;
    s16 events, revents;
};

static s64 udp(void) { return CALL(socket, 2, 2 | NONBLOCK, 0, 0, 0, 0); }

void sockets(void) {
    struct address a = { .family = 2, .port = 0x3412 };
    char text[2000];
    EXPECT(CALL(socket, 10, 1, 0, 0, 0, 0), -EAFNOSUPPORT);
    EXPECT(CALL(socket, 2, 3, 0, 0, 0, 0), -EPROTONOSUPPORT);
    s64 u = udp(), t = CALL(socket, 2, 1 | NONBLOCK, 6, 0, 0, 0);
    CHECK(u > 0 && t > 0);

    EXPECT(CALL(bind, u, &a, 4, 0, 0, 0), -EINVAL);
    EXPECT(CALL(bind, u, 8, sizeof(a), 0, 0, 0), -EFAULT);
    EXPECT(CALL(bind, 1, &a, sizeof(a), 0, 0, 0), -ENOTSOCK);
    EXPECT(CALL(bind, 99, &a, sizeof(a), 0, 0, 0), -EBADF);
    struct address other = { .family = 2, .port = 1, .ip = 0x01020304 };
    EXPECT(CALL(bind, u, &other, sizeof(other), 0, 0, 0), -EADDRNOTAVAIL);
    EXPECT(CALL(bind, u, &a, sizeof(a), 0, 0, 0), 0);
    EXPECT(CALL(bind, u, &a, sizeof(a), 0, 0, 0), -EINVAL);
    s64 second = udp();
    EXPECT(CALL(bind, second, &a, sizeof(a), 0, 0, 0), -EADDRINUSE);
    EXPECT(CALL(bind, t, &a, sizeof(a), 0, 0, 0), 0); /* TCP and UDP ports are apart */

    EXPECT(CALL(read, t, text, 1, 0, 0, 0), -ENOTCONN);
    EXPECT(CALL(accept4, t, 0, 0, 0, 0, 0), -EINVAL);
    EXPECT(CALL(listen, u, 1, 0, 0, 0, 0), -EOPNOTSUPP);
    EXPECT(CALL(listen, t, 1, 0, 0, 0, 0), 0);
    EXPECT(CALL(accept4, t, 0, 0, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(shutdown, t, 1, 0, 0, 0, 0), -ENOTCONN);

    EXPECT(CALL(recvfrom, u, text, 1, 0, 0, 0), -EAGAIN);
    EXPECT(CALL(write, u, text, 1, 0, 0, 0), -EDESTADDRREQ);
    struct address peer = { .family = 2, .port = 0x0700, .ip = 0x0202000a };
    EXPECT(CALL(sendto, u, text, 2000, 0, &peer, sizeof(peer)), -EMSGSIZE);
    EXPECT(CALL(sendto, u, text, 1, 0, &other, sizeof(other)), -ENETUNREACH);
    EXPECT(CALL(sendto, u, 8, 1, 0, &peer, sizeof(peer)), -EFAULT);
    u32 size = sizeof(a);
    EXPECT(CALL(getsockname, u, &a, &size, 0, 0, 0), 0);
    CHECK(a.port == 0x3412 && a.ip == 0x0f02000a && size == 16);

    s64 e = CALL(epoll_create1, 0, 0, 0, 0, 0, 0);
    struct event ev = { EPOLLIN, 0, 77 };
    CHECK(e > 0);
    EXPECT(CALL(epoll_ctl, e, 1, u, &ev, 0, 0), 0);
    EXPECT(CALL(epoll_ctl, e, 1, u, &ev, 0, 0), -EEXIST);
    EXPECT(CALL(epoll_ctl, e, 3, t, &ev, 0, 0), -ENOENT);
    EXPECT(CALL(epoll_ctl, e, 1, e, &ev, 0, 0), -EINVAL);
    EXPECT(CALL(epoll_ctl, u, 1, t, &ev, 0, 0), -EINVAL);
    EXPECT(CALL(epoll_ctl, e, 1, t, 8, 0, 0), -EFAULT);
    EXPECT(CALL(epoll_pwait, e, &ev, 0, 0, 0, 8), -EINVAL);
    EXPECT(CALL(epoll_pwait, e, &ev, 1, 0, 0, 8), 0);
    u64 begin = now_ns();
    EXPECT(CALL(epoll_pwait, e, &ev, 1, 20, 0, 8), 0);
    CHECK(now_ns() - begin >= 20000000);
    ev = (struct event){ 4, 0, 78 }; /* EPOLLOUT is true of a datagram socket, always: level triggered */
    EXPECT(CALL(epoll_ctl, e, 3, u, &ev, 0, 0), 0);
    for (int i = 0; i < 3; i++) {
        ev = (struct event){ 0, 0, 0 };
        EXPECT(CALL(epoll_pwait, e, &ev, 1, -1, 0, 8), 1);
        CHECK(ev.events == 4 && ev.data == 78);
    }
    EXPECT(CALL(epoll_pwait, e, 8, 1, -1, 0, 8), -EFAULT);
    EXPECT(CALL(epoll_pwait, e, &ev, 1, -1, 0, 8), 1);
    EXPECT(CALL(close, u, 0, 0, 0, 0, 0), 0); /* closing ends the interest */
    EXPECT(CALL(epoll_pwait, e, &ev, 1, 0, 0, 8), 0);

    struct pollfd fds[3] = { { (s32)second, 5, 0 }, { -1, 1, 0 }, { 500, 1, 0 } };
    struct timespec t20 = { 0, 20000000 };
    EXPECT(CALL(ppoll, fds, 3, 0, 0, 0, 0), 2);
    CHECK(fds[0].revents == 4 && fds[1].revents == 0 && fds[2].revents == 0x20);
    fds[0].events = 1;
    begin = now_ns();
    EXPECT(CALL(ppoll, fds, 1, &t20, 0, 0, 0), 0);
    CHECK(now_ns() - begin >= 20000000);

    /* Every table has an end, and gives back. */
    s64 fd, n = 0;
    while ((fd = udp()) >= 0) n++;
    EXPECT(fd, -ENOBUFS);
    CHECK(n > 8);
    EXPECT(CALL(close, t, 0, 0, 0, 0, 0), 0);
    EXPECT(CALL(close, second, 0, 0, 0, 0, 0), 0);
    CHECK(udp() > 0);
}

/* Without a network there are no sockets, and all else works. */
void offline(void) {
    EXPECT(CALL(socket, 2, 1, 0, 0, 0, 0), -ENETDOWN);
    EXPECT(CALL(socket, 2, 2, 0, 0, 0, 0), -ENETDOWN);
}
