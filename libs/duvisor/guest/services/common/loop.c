#include "loop.h"

#define MAX_EVENTS 64
#define BACKLOG 128
/* A peer that goes on sending after our last byte is dropped after so much, or so long. */
#define LINGER_BYTES (1ul << 20)
#define LINGER_MS 5000
/* How often deadlines are looked at: they are coarse. */
#define DEADLINE_STEP_MS 1000

u64 now_ms;
struct loop_stats loop_stats;

static const struct service *service;
static struct watch listener;
static int epoll_fd, listen_fd;
static bool accepting;
static struct conn *open_conns, *free_conns;

static u16 swap16(u16 x) { return (u16)(x << 8 | x >> 8); }

void *map_pages(size_t bytes) {
    long at = sys_map(ALIGN_UP(bytes, 4096));
    return at < 0 && at > -4096 ? NULL : (void *)at;
}

static void read_clock(void) {
    struct timespec now;
    int failed = sys_clock_gettime(CLOCK_REALTIME, &now);
    if (failed) die("clock_gettime: error %d", -failed);
    now_ms = (u64)now.seconds * 1000 + (u64)now.nanoseconds / 1000000;
}

int bind_socket(int type, u32 address, u64 port) {
    struct sockaddr_in to = { .family = AF_INET, .port = swap16((u16)port), .address = address };
    int fd = sys_socket(type);
    if (fd < 0) die("socket: error %d", -fd);
    sys_setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    int failed = sys_bind(fd, &to);
    if (failed) die("bind: port %lu: error %d", port, -failed);
    return fd;
}

static void epoll_set(int op, int fd, struct watch *w, u32 events) {
    struct epoll_event event = { events, w };
    int failed = sys_epoll_ctl(epoll_fd, op, fd, &event);
    if (failed) die("epoll_ctl: error %d", -failed);
}

void loop_watch(struct watch *w, int fd) { epoll_set(EPOLL_CTL_ADD, fd, w, EPOLLIN); }

static void accept_more(bool on) {
    if (accepting == on) return;
    accepting = on;
    epoll_set(EPOLL_CTL_MOD, listen_fd, &listener, on ? EPOLLIN : 0);
}

static void conn_close(struct conn *c) {
    if (service->close) service->close(c);
    sys_close(c->fd); /* leaves epoll's set, too */
    *c->link = c->next;
    if (c->next) c->next->link = c->link;
    c->next = free_conns;
    free_conns = c;
    loop_stats.open_conns--;
    accept_more(true);
}

enum sent send_buffer(int fd, struct buffer *b) {
    while (buf_used(b) > 0) {
        long n = sys_send(fd, buf_head(b), buf_used(b));
        if (n == -EINTR) continue;
        if (n == -EAGAIN) return SENT_BLOCKED;
        if (n < 0) return SENT_BROKEN;
        loop_stats.bytes_written += (u64)n;
        buf_consume(b, (size_t)n);
    }
    return SENT_ALL;
}

static enum sent send_all(struct conn *c) {
    enum sent sent = send_buffer(c->fd, &c->out);
    return sent == SENT_ALL && service->send_more ? service->send_more(c) : sent;
}

/* Serve and send in turn until input is missing or the socket takes no more. */
static enum sent pump(struct conn *c) {
    for (;;) {
        enum sent sent = send_all(c);
        if (sent != SENT_ALL || c->closing || c->broken) return sent;
        if (!service->serve(c)) return SENT_ALL;
    }
}

/* Shuts our side and waits for the peer's end: closing with unread input would reset the connection and lose replies. */
static void start_lingering(struct conn *c) {
    if (c->eof || sys_shutdown(c->fd, SHUT_WR) < 0) c->broken = true;
    c->lingering = true;
    c->deadline = now_ms + LINGER_MS;
}

static void linger(struct conn *c) {
    long n = sys_read(c->fd, c->in.data, c->in.capacity);
    if (n > 0) c->dropped += (size_t)n;
    if ((n <= 0 && n != -EAGAIN && n != -EINTR) || c->dropped > LINGER_BYTES) c->broken = true;
}

static void receive(struct conn *c) {
    bool direct = c->sink && buf_used(&c->in) == 0;
    if (!direct) {
        buf_compact(&c->in);
        if (buf_room(&c->in) == 0 && !(service->grow_in && service->grow_in(c))) {
            c->broken = true;
            return;
        }
    }
    long n = direct ? sys_read(c->fd, c->sink, c->sink_left)
                    : sys_read(c->fd, c->in.data + c->in.end, buf_room(&c->in));
    if (n == -EAGAIN || n == -EINTR) return;
    if (n < 0) c->broken = true;
    else if (n == 0) c->eof = true;
    else {
        loop_stats.bytes_read += (u64)n;
        if (direct) c->sink += n, c->sink_left -= (size_t)n;
        else c->in.end += (size_t)n;
    }
}

/* After any change: send and serve what is possible, then wait for what is missing, or close. */
static void conn_settle(struct conn *c) {
    enum sent sent = SENT_ALL;
    if (!c->lingering && !c->broken) {
        sent = pump(c);
        if (sent == SENT_BROKEN) c->broken = true;
        if (sent == SENT_ALL && c->closing) start_lingering(c);
        else if (sent == SENT_ALL && c->eof) c->broken = true;
    }
    if (c->broken) {
        conn_close(c);
        return;
    }
    u32 wanted = sent == SENT_BLOCKED ? EPOLLOUT : EPOLLIN;
    if (wanted != c->armed) epoll_set(EPOLL_CTL_MOD, c->fd, &c->watch, wanted);
    c->armed = wanted;
}

static void conn_ready(struct watch *self, u32 events) {
    struct conn *c = container_of(self, struct conn, watch);
    if (events & EPOLLIN) {
        if (c->lingering) linger(c);
        else receive(c);
    } else if (events & (EPOLLERR | EPOLLHUP)) c->broken = true;
    conn_settle(c);
}

static struct conn *conn_alloc(void) {
    size_t head = ALIGN_UP(service->conn_bytes, 64);
    struct conn *c = free_conns;
    if (c) free_conns = c->next;
    else c = map_pages(head + service->in_bytes + service->out_bytes);
    if (!c) return NULL;
    memset(c, 0, service->conn_bytes);
    c->in = (struct buffer){ .data = (u8 *)c + head, .capacity = service->in_bytes };
    c->out = (struct buffer){ .data = c->in.data + service->in_bytes, .capacity = service->out_bytes };
    return c;
}

static bool conn_open(int fd) {
    struct conn *c = conn_alloc();
    if (!c) return false;
    c->watch.ready = conn_ready;
    c->fd = fd;
    c->armed = EPOLLIN;
    c->next = open_conns;
    c->link = &open_conns;
    if (c->next) c->next->link = &c->next;
    open_conns = c;
    loop_stats.open_conns++;
    loop_stats.total_conns++;
    sys_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    epoll_set(EPOLL_CTL_ADD, fd, &c->watch, c->armed);
    if (service->open) service->open(c);
    return true;
}

/* At the limit the peers wait in the kernel's queue until a connection ends. */
static void listener_ready(struct watch *self, u32 events) {
    (void)self, (void)events;
    while (loop_stats.open_conns < service->max_conns) {
        int fd = sys_accept(listen_fd, SOCK_NONBLOCK);
        if (fd == -EAGAIN) return;
        if (fd == -EMFILE || fd == -ENOMEM) break;
        if (fd < 0) continue; /* that connection failed before it began */
        if (!conn_open(fd)) {
            sys_close(fd);
            break;
        }
    }
    /* With no connection open nobody would open the door again. */
    accept_more(loop_stats.open_conns == 0);
}

static bool any_deadline(void) {
    for (struct conn *c = open_conns; c; c = c->next)
        if (c->deadline) return true;
    return false;
}

static void check_deadlines(void) {
    for (struct conn *c = open_conns, *next; c; c = next) {
        next = c->next;
        if (!c->deadline || c->deadline > now_ms) continue;
        c->deadline = 0;
        if (service->timeout && !c->lingering) service->timeout(c);
        else c->broken = true;
        conn_settle(c);
    }
}

void loop_init(void) {
    sys_ignore_sigpipe();
    read_clock();
    epoll_fd = sys_epoll_create();
    if (epoll_fd < 0) die("epoll_create1: error %d", -epoll_fd);
}

void loop_run(const struct service *s, u32 address, u64 port) {
    struct epoll_event events[MAX_EVENTS];
    u64 deadlines_at = 0;
    service = s;
    listen_fd = bind_socket(SOCK_STREAM | SOCK_NONBLOCK, address, port);
    int failed = sys_listen(listen_fd, BACKLOG);
    if (failed) die("listen: port %lu: error %d", port, -failed);
    listener.ready = listener_ready;
    accepting = true;
    loop_watch(&listener, listen_fd);
    for (;;) {
        s64 wait = service->tick ? service->tick() : -1;
        if (any_deadline() && (wait < 0 || wait > DEADLINE_STEP_MS)) wait = DEADLINE_STEP_MS;
        int n = sys_epoll_wait(epoll_fd, events, MAX_EVENTS, (int)wait);
        if (n < 0 && n != -EINTR) die("epoll_pwait: error %d", -n);
        read_clock();
        for (int i = 0; i < n; i++) {
            struct watch *w = events[i].data;
            w->ready(w, events[i].events);
        }
        if (now_ms >= deadlines_at) {
            deadlines_at = now_ms + DEADLINE_STEP_MS;
            check_deadlines();
        }
    }
}
