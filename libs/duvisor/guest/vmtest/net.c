/*
 * A server that tests drive from the far end of the link, non-blocking on one epoll:
 *   TCP 7  echo                          UDP 7  echo
 *   TCP 19 "N\n": N bytes of a pattern   UDP 9  "quit": "bye", power off
 *   TCP 10 reads nothing until UDP 10 "go"; then checks the pattern, and at the peer's end sends the number of bytes
 *   TCP 80 "PATH\n": the file, by sendfile
 */
#include "vmtest.h"

#define CONNECTIONS 1024
#define BUFFER 8192
#define EPOLLIN 1u
#define EPOLLOUT 4u
#define NONBLOCK 04000

struct address {
    u16 family, port;
    u32 ip;
    u64 zero;
};
struct event {
    u32 events, pad;
    u64 data;
};
enum kind { NONE, LISTENER, DATAGRAM, ECHO, PATTERN, SINK, FILE };

static struct connection {
    enum kind kind;
    u16 port;
    bool line_read, ended; /* ended: no more comes from the peer */
    u32 line_length, held; /* held: bytes in `buffer` to be echoed */
    s64 file;
    u64 left, done; /* bytes to send; bytes sent or read */
    u32 watched;
    u8 buffer[BUFFER];
} *connections;
static s64 epoll;
static bool go;

static u16 swap16(u16 v) { return (u16)(v << 8 | v >> 8); }
/* Byte i of the pattern. */
static u8 pattern(u64 i) { return (u8)(i * 7 + i / 256 * 13); }

static void watch(s64 fd, u32 events, bool add) {
    struct event e = { events, 0, (u64)fd };
    if (!add && connections[fd].watched == events) return;
    connections[fd].watched = events;
    EXPECT(CALL(epoll_ctl, epoll, add ? 1 : 3, fd, &e, 0, 0), 0);
}

static void serve(u16 port, enum kind kind, int type) {
    s64 fd = CALL(socket, 2, type | NONBLOCK, 0, 0, 0, 0);
    CHECK(fd > 0);
    struct address a = { .family = 2, .port = swap16(port) };
    EXPECT(CALL(bind, fd, &a, sizeof(a), 0, 0, 0), 0);
    if (type == 1) EXPECT(CALL(listen, fd, 128, 0, 0, 0, 0), 0);
    connections[fd] = (struct connection){ .kind = type == 1 ? LISTENER : DATAGRAM, .port = port };
    connections[fd].left = kind;
    watch(fd, EPOLLIN, true);
}

static void end(s64 fd) {
    if (connections[fd].kind == FILE && connections[fd].line_read) CALL(close, connections[fd].file, 0, 0, 0, 0, 0);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    connections[fd].kind = NONE;
}

static void accept_all(s64 listener) {
    for (;;) {
        struct address a;
        u32 size = sizeof(a);
        s64 fd = CALL(accept4, listener, &a, &size, NONBLOCK, 0, 0);
        if (fd == -EAGAIN) return;
        CHECK(fd > 0 && fd < CONNECTIONS && a.family == 2 && size == sizeof(a));
        struct connection *c = &connections[fd];
        c->kind = (enum kind)connections[listener].left;
        c->line_read = c->ended = false;
        c->line_length = c->held = 0;
        c->left = c->done = 0;
        int one = 1;
        if (c->kind == ECHO) EXPECT(CALL(setsockopt, fd, 6, 1, &one, sizeof(one), 0), 0);
        watch(fd, c->kind == SINK && !go ? 0 : EPOLLIN, true);
    }
}

static void datagrams(s64 fd) {
    u8 text[2048];
    struct address a;
    u32 size = sizeof(a);
    s64 n;
    while ((n = CALL(recvfrom, fd, text, sizeof(text), 0, &a, &size)) >= 0) {
        if (connections[fd].port == 9 && n == 4 && memcmp(text, "quit", 4) == 0) {
            EXPECT(CALL(sendto, fd, "bye", 3, 0, &a, size), 3);
            CALL(reboot, 0xfee1dead, 0x28121969, 0x4321fedc, 0, 0, 0);
        }
        if (connections[fd].port == 10) {
            go = true;
            for (s64 i = 0; i < CONNECTIONS; i++)
                if (connections[i].kind == SINK) watch(i, EPOLLIN, false);
        }
        EXPECT(CALL(sendto, fd, text, n, 0, &a, size), n);
    }
    EXPECT(n, -EAGAIN);
}

static void echo(s64 fd, struct connection *c) {
    for (;;) {
        while (c->held) {
            s64 n = CALL(write, fd, c->buffer, c->held, 0, 0, 0);
            if (n == -EAGAIN) return watch(fd, EPOLLOUT, false);
            if (n < 0) return end(fd);
            c->held -= (u32)n;
            memmove(c->buffer, c->buffer + n, c->held);
        }
        s64 n = CALL(read, fd, c->buffer, BUFFER, 0, 0, 0);
        if (n == -EAGAIN) return watch(fd, EPOLLIN, false);
        if (n <= 0) return end(fd);
        c->held = (u32)n;
    }
}

static void sink(s64 fd, struct connection *c) {
    for (;;) {
        s64 n = CALL(read, fd, c->buffer, BUFFER, 0, 0, 0);
        if (n == -EAGAIN) return;
        if (n < 0) return end(fd);
        if (n == 0) break;
        for (s64 i = 0; i < n; i++) CHECK(c->buffer[i] == pattern(c->done + (u64)i));
        c->done += (u64)n;
    }
    u8 count[8];
    for (int i = 0; i < 8; i++) count[i] = (u8)(c->done >> (56 - 8 * i));
    CALL(write, fd, count, 8, 0, 0, 0);
    end(fd);
}

/* True when the line is complete. */
static bool read_line(s64 fd, struct connection *c) {
    while (!c->line_read) {
        u8 byte;
        s64 n = CALL(read, fd, &byte, 1, 0, 0, 0);
        if (n == -EAGAIN) return false;
        if (n <= 0 || c->line_length == 255) {
            end(fd);
            return false;
        }
        c->line_read = byte == '\n';
        c->buffer[c->line_length++] = c->line_read ? 0 : byte;
    }
    return true;
}

static void send_pattern(s64 fd, struct connection *c) {
    bool first = !c->line_read;
    if (first && !read_line(fd, c)) return;
    if (first) c->left = strtou64((char *)c->buffer, NULL, 10);
    while (c->left) {
        u64 n = MIN(c->left, (u64)BUFFER);
        for (u64 i = 0; i < n; i++) c->buffer[i] = pattern(c->done + i);
        s64 sent = CALL(write, fd, c->buffer, n, 0, 0, 0);
        if (sent == -EAGAIN) return watch(fd, EPOLLOUT, false);
        if (sent < 0) return end(fd);
        c->left -= (u64)sent;
        c->done += (u64)sent;
    }
    end(fd);
}

static void send_file(s64 fd, struct connection *c) {
    if (!c->line_read) {
        if (!read_line(fd, c)) return;
        c->file = CALL(openat, -100, c->buffer, 0, 0, 0, 0);
        if (c->file < 0) {
            CALL(sendto, fd, "none", 4, 0, 0, 0);
            c->line_read = false;
            return end(fd);
        }
        CALL(sendto, fd, "file:", 5, 0x8000, 0, 0); /* MSG_MORE */
    }
    for (;;) {
        s64 sent = CALL(sendfile, fd, c->file, 0, 1 << 20, 0, 0);
        if (sent == -EAGAIN) return watch(fd, EPOLLOUT, false);
        if (sent <= 0) return end(fd);
    }
}

void serve_all(void) {
    epoll = CALL(epoll_create1, 0, 0, 0, 0, 0, 0);
    s64 memory = CALL(mmap, 0, CONNECTIONS * sizeof(struct connection), 3, 0x22, -1, 0);
    CHECK(epoll > 0 && memory > 0);
    connections = (struct connection *)memory;
    serve(7, ECHO, 1);
    serve(19, PATTERN, 1);
    serve(10, SINK, 1);
    serve(80, FILE, 1);
    serve(7, DATAGRAM, 2);
    serve(9, DATAGRAM, 2);
    serve(10, DATAGRAM, 2);
    say("serving\n");
    for (;;) {
        struct event events[32];
        s64 n = CALL(epoll_pwait, epoll, events, 32, -1, 0, 8);
        CHECK(n > 0);
        for (s64 i = 0; i < n; i++) {
            s64 fd = (s64)events[i].data;
            struct connection *c = &connections[fd];
            switch (c->kind) {
            case LISTENER: accept_all(fd); break;
            case DATAGRAM: datagrams(fd); break;
            case ECHO: echo(fd, c); break;
            case PATTERN: send_pattern(fd, c); break;
            case SINK: sink(fd, c); break;
            case FILE: send_file(fd, c); break;
            case NONE: break; /* ended by an event before this one */
            }
        }
    }
}
