/* Connections, listeners, and what processes see of them. */
#include "tcp.h"

#define CONNECTIONS_MAX 512
#define RAM_SHARE 8 /* rings take one part in so many */
#define LISTENERS 32
#define BUCKETS 512

static struct tcp connections[CONNECTIONS_MAX] __attribute__((section(".noinit")));
static struct list buckets[BUCKETS];
static struct list free_connections = LIST_INIT(free_connections), time_wait = LIST_INIT(time_wait);
static struct list orphans = LIST_INIT(orphans); /* in FIN-WAIT-2, closed by the process */
static struct listener listeners[LISTENERS];
static u8 **free_rings;
static u32 free_ring_count;

void tcp_init(void) {
    for (u32 i = 0; i < BUCKETS; i++) list_init(&buckets[i]);
    if (!boot.ip) return;
    u64 pairs = MIN((boot.ram_end - boot.ram_base) / RAM_SHARE / (2 * RING), (u64)CONNECTIONS_MAX);
    u8 *rings = boot_alloc(pairs * 2 * RING);
    free_rings = boot_alloc(pairs * 2 * sizeof(u8 *));
    for (u64 i = 0; i < 2 * pairs; i++) free_rings[free_ring_count++] = rings + (2 * pairs - 1 - i) * RING;
    for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
        connections[i].state = CLOSED;
        list_add_tail(&free_connections, &connections[i].queue);
    }
}

/* --- rings --- */

void ring_put(struct ring *r, u32 at, const u8 *bytes, u32 n) {
    u32 place = (r->start + at) % RING, first = MIN(n, RING - place);
    copy_bytes(r->bytes + place, bytes, first);
    if (n > first) copy_bytes(r->bytes, bytes + first, n - first);
}

void ring_get(const struct ring *r, u32 at, u8 *to, u32 n) {
    u32 place = (r->start + at) % RING, first = MIN(n, RING - place);
    copy_bytes(to, r->bytes + place, first);
    if (n > first) copy_bytes(to + first, r->bytes, n - first);
}

void ring_drop(struct ring *r, u32 n) {
    r->start = (r->start + n) % RING;
    r->length -= n;
}

static void rings_free(struct tcp *t) {
    if (!t->in.bytes) return;
    free_rings[free_ring_count++] = t->in.bytes;
    free_rings[free_ring_count++] = t->out.bytes;
    t->in = t->out = (struct ring){ 0 };
    t->gap_count = 0;
}

/* --- the table --- */

static struct list *bucket(u32 ip, u16 port, u16 local_port) {
    return &buckets[(ip ^ ip >> 16 ^ port ^ (u32)local_port * 31) % BUCKETS];
}

struct tcp *tcp_find(u32 ip, u16 port, u16 local_port) {
    list_for_each(at, bucket(ip, port, local_port)) {
        struct tcp *t = list_entry(at, struct tcp, hash);
        if (t->ip == ip && t->port == port && t->local_port == local_port) return t;
    }
    return NULL;
}

struct listener *tcp_listener(u16 port) {
    for (struct listener *l = listeners; l < listeners + LISTENERS; l++)
        if (l->file && l->listening && l->port == port) return l;
    return NULL;
}

static void leave_queue(struct tcp *t) {
    if (t->listener) {
        if (t->state == SYN_RECEIVED) t->listener->half_open--;
        else t->listener->complete--;
        t->listener = NULL;
    }
    list_del(&t->queue);
}

static void release(struct tcp *t) {
    leave_queue(t);
    rings_free(t);
    timer_cancel(&t->timer);
    list_del(&t->hash);
    t->state = CLOSED;
    list_add(&free_connections, &t->queue);
}

void tcp_event(struct tcp *t, u32 events) {
    if (!t->file) return;
    file_event(t->file, events);
    wakeup(t->file);
}

void tcp_gone(struct tcp *t, int error) {
    if (!t->file) {
        release(t);
        return;
    }
    /* The process still has it: what is in `in` may be read, and the file stays until it closes it. */
    t->error = error;
    t->reset = true;
    t->state = CLOSED;
    timer_cancel(&t->timer);
    list_del(&t->hash);
    tcp_event(t, POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP);
}

void tcp_enter_time_wait(struct tcp *t) {
    t->state = TIME_WAIT;
    t->retransmit_at = t->persist_at = 0;
    t->expire_at = now() + tcp_ms(TIME_WAIT_MS);
    tcp_timer_update(t);
    list_del(&t->queue);
    if (t->file) return; /* the process may still read; file_ops.close comes here again */
    rings_free(t);
    list_add_tail(&time_wait, &t->queue);
}

/* A connection to use: a free one, else the oldest that only waits for its end. */
static struct tcp *take(void) {
    struct list *from = !list_empty(&free_connections) ? &free_connections : !list_empty(&time_wait) ? &time_wait : &orphans;
    if (list_empty(from)) return NULL;
    struct tcp *t = list_entry(from->next, struct tcp, queue);
    if (from != &free_connections) release(t);
    list_del(&t->queue);
    return t;
}

struct tcp *tcp_open(struct listener *l, u32 ip, u16 port) {
    if (l->complete >= l->backlog) return NULL;
    if (l->half_open >= l->backlog) { /* the oldest has had its time, or the newcomer waits */
        struct tcp *oldest = list_entry(l->half_open_queue.next, struct tcp, queue);
        if (oldest->retries == 0) return NULL;
        release(oldest);
    }
    struct tcp *t = take();
    if (!t) return NULL;
    *t = (struct tcp){ .state = SYN_RECEIVED, .ip = ip, .port = port, .local_port = l->port, .listener = l };
    t->nodelay = l->nodelay;
    tcp_timer_init(t);
    list_add_tail(bucket(ip, port, l->port), &t->hash);
    list_add_tail(&l->half_open_queue, &t->queue);
    l->half_open++;
    return t;
}

bool tcp_establish(struct tcp *t) {
    struct listener *l = t->listener;
    if (l->complete >= l->backlog) return false;
    while (free_ring_count < 2 && !list_empty(&orphans)) release(list_entry(orphans.next, struct tcp, queue));
    if (free_ring_count < 2) return false;
    t->in.bytes = free_rings[--free_ring_count];
    t->out.bytes = free_rings[--free_ring_count];
    list_del(&t->queue);
    l->half_open--;
    l->complete++;
    list_add_tail(&l->accept_queue, &t->queue);
    t->state = ESTABLISHED;
    file_event(l->file, POLLIN);
    wakeup(l->file);
    return true;
}

/* --- listeners --- */

s64 tcp_create(void) {
    struct listener *l = listeners;
    while (l < listeners + LISTENERS && l->file) l++;
    if (l == listeners + LISTENERS) return -ENOBUFS;
    struct file *f = file_new(&tcp_listener_ops, l);
    if (!f) return -ENFILE;
    *l = (struct listener){ .file = f };
    list_init(&l->half_open_queue);
    list_init(&l->accept_queue);
    int fd = fd_install(f);
    if (fd < 0) file_close(f);
    return fd;
}

int tcp_bind(struct file *f, u32 ip, u16 port) {
    struct listener *l = f->object;
    if (l->port) return -EINVAL;
    if (ip && ip != boot.ip) return -EADDRNOTAVAIL;
    for (u32 p = PORT_FIRST; !port && p <= PORT_LAST; p++) {
        port = (u16)p;
        for (u32 i = 0; i < LISTENERS; i++)
            if (listeners[i].file && listeners[i].port == p) port = 0;
    }
    for (u32 i = 0; i < LISTENERS; i++)
        if (listeners[i].file && listeners[i].port == port) return -EADDRINUSE;
    l->port = port;
    return 0;
}

int tcp_listen(struct file *f, s32 backlog) {
    struct listener *l = f->object;
    int error = l->port ? 0 : tcp_bind(f, 0, 0);
    if (error) return error;
    l->backlog = (u32)MAX(1, MIN(backlog < 0 ? BACKLOG_MAX : backlog, BACKLOG_MAX));
    l->listening = true;
    return 0;
}

s64 tcp_accept(struct file *f, bool nonblock, struct tcp **out) {
    if (f->ops != &tcp_listener_ops) return -EINVAL;
    struct listener *l = f->object;
    if (!l->listening) return -EINVAL;
    while (list_empty(&l->accept_queue)) {
        if (f->nonblock) return -EAGAIN;
        sleep_on(f, TICKS_NEVER);
    }
    struct tcp *t = list_entry(l->accept_queue.next, struct tcp, queue);
    struct file *new = file_new(&tcp_ops, t);
    if (!new) return -ENFILE;
    int fd = fd_install(new);
    if (fd < 0) {
        new->object = NULL; /* the connection stays in the queue */
        file_close(new);
        return fd;
    }
    new->nonblock = nonblock;
    t->file = new;
    leave_queue(t);
    *out = t;
    return fd;
}

static u32 listener_poll(struct file *f) {
    struct listener *l = f->object;
    if (!l->listening) return POLLOUT | POLLHUP;
    return list_empty(&l->accept_queue) ? 0 : POLLIN;
}

static void abort_connection(struct tcp *t) {
    tcp_send_reset(t->ip, t->port, t->local_port, t->next, t->rcv_next, RST | ACK);
    t->file = NULL;
    release(t);
}

static void listener_close(struct file *f) {
    struct listener *l = f->object;
    while (!list_empty(&l->half_open_queue)) abort_connection(list_entry(l->half_open_queue.next, struct tcp, queue));
    while (!list_empty(&l->accept_queue)) abort_connection(list_entry(l->accept_queue.next, struct tcp, queue));
    l->file = NULL;
}

static s64 not_connected(struct file *f, u64 buffer, u64 n) {
    (void)f, (void)buffer, (void)n;
    return -ENOTCONN;
}

const struct file_ops tcp_listener_ops = {
    .read = not_connected, .write = not_connected, .poll = listener_poll, .close = listener_close, .mode = S_IFSOCK
};

/* --- connections --- */

/* The error that waits, once. */
static int take_error(struct tcp *t) {
    int error = t->error;
    t->error = 0;
    return error;
}

static u32 out_room(const struct tcp *t) { return RING - t->out.length; }

s64 tcp_receive(struct file *f, u64 to, u64 n, u32 flags) {
    struct tcp *t = f->object;
    while (t->in.length == 0) {
        if (t->error) return take_error(t);
        if (t->reset || t->fin_received || !n) return 0;
        if (f->nonblock || (flags & MSG_DONTWAIT)) return -EAGAIN;
        sleep_on(f, TICKS_NEVER);
    }
    u32 done = 0, wanted = (u32)MIN(n, (u64)t->in.length);
    while (done < wanted) {
        u64 va = to + done;
        u32 chunk = (u32)MIN(wanted - done, PAGE_SIZE - (va & ~PAGE_MASK));
        u8 *p = user_page(&current->space, va, VM_WRITE);
        if (!p) break;
        ring_get(&t->in, done, p, chunk);
        done += chunk;
    }
    if (!done && wanted) return -EFAULT;
    if (flags & MSG_PEEK) return done;
    ring_drop(&t->in, done);
    tcp_window_opened(t);
    return done;
}

static s64 sendable(struct tcp *t) {
    if (t->error) return take_error(t);
    return t->reset || t->fin_wanted ? -EPIPE : 0;
}

s64 tcp_send(struct file *f, u64 from, u64 n, u32 flags) {
    struct tcp *t = f->object;
    u64 done = 0;
    while (done < n) {
        s64 error = sendable(t);
        if (error) return done ? (s64)done : error;
        u32 room = out_room(t);
        if (!room) {
            t->more = false;
            tcp_output(t);
            if (f->nonblock || (flags & MSG_DONTWAIT)) return done ? (s64)done : -EAGAIN;
            sleep_on(f, TICKS_NEVER);
            continue;
        }
        u64 va = from + done;
        u32 chunk = (u32)MIN(MIN(n - done, (u64)room), PAGE_SIZE - (va & ~PAGE_MASK));
        const u8 *p = user_page(&current->space, va, VM_READ);
        if (!p) {
            if (done) break;
            return -EFAULT;
        }
        if (!t->out.length) t->out.start = 0; /* stay where the cache is warm */
        ring_put(&t->out, t->out.length, p, chunk);
        t->out.length += chunk;
        done += chunk;
    }
    t->more = flags & MSG_MORE;
    tcp_output(t);
    return (s64)done;
}

static s64 tcp_put(struct file *f, const u8 *bytes, u64 n) {
    struct tcp *t = f->object;
    s64 error = sendable(t);
    if (error) return error;
    u32 chunk = (u32)MIN(n, (u64)out_room(t));
    if (!chunk) return -EAGAIN;
    if (!t->out.length) t->out.start = 0;
    ring_put(&t->out, t->out.length, bytes, chunk);
    t->out.length += chunk;
    return chunk;
}

static void tcp_flush(struct file *f) {
    struct tcp *t = f->object;
    t->more = false;
    tcp_output(t);
}

static s64 tcp_read(struct file *f, u64 to, u64 n) { return tcp_receive(f, to, n, 0); }
static s64 tcp_write(struct file *f, u64 from, u64 n) { return tcp_send(f, from, n, 0); }

static u32 tcp_poll(struct file *f) {
    struct tcp *t = f->object;
    u32 events = 0;
    if (t->in.length || t->fin_received || t->reset) events |= POLLIN;
    if (t->fin_received || t->reset) events |= POLLRDHUP;
    if (t->reset || (t->fin_received && t->fin_wanted)) events |= POLLHUP;
    if (t->error) events |= POLLERR;
    if (t->reset || t->fin_wanted || out_room(t) >= RING / 4) events |= POLLOUT;
    return events;
}

/* Our FIN, behind what is still to be sent. */
static void finish(struct tcp *t) {
    if (t->fin_wanted || t->reset) return;
    t->fin_wanted = true;
    t->more = false;
    if (t->state == ESTABLISHED) t->state = FIN_WAIT_1;
    else if (t->state == CLOSE_WAIT) t->state = LAST_ACK;
    tcp_output(t);
}

int tcp_shutdown(struct file *f, u32 how) {
    struct tcp *t = f->object;
    if (how > 2) return -EINVAL;
    if (t->reset) return -ENOTCONN;
    if (how == 0) return 0; /* what still arrives may be read, as on Linux */
    finish(t);
    tcp_event(t, POLLOUT | POLLHUP);
    return 0;
}

void tcp_orphan_fin_wait_2(struct tcp *t) {
    t->expire_at = now() + tcp_ms(FIN_WAIT_2_MS);
    tcp_timer_update(t);
    list_add_tail(&orphans, &t->queue);
}

static void tcp_close(struct file *f) {
    struct tcp *t = f->object;
    if (!t) return;
    t->file = NULL;
    if (t->reset) {
        release(t);
    } else if (t->in.length && t->state != TIME_WAIT) { /* data that nobody will read: say so (RFC 2525, 2.17) */
        abort_connection(t);
    } else if (t->state == TIME_WAIT) {
        tcp_enter_time_wait(t);
    } else {
        finish(t);
        if (t->state == FIN_WAIT_2) tcp_orphan_fin_wait_2(t);
    }
}

void tcp_set_nodelay(struct file *f, bool on) {
    if (f->ops == &tcp_listener_ops) {
        ((struct listener *)f->object)->nodelay = on;
    } else {
        struct tcp *t = f->object;
        t->nodelay = on;
        if (on && !t->reset) tcp_output(t);
    }
}

const struct file_ops tcp_ops = {
    .read = tcp_read, .write = tcp_write, .put = tcp_put, .flush = tcp_flush, .poll = tcp_poll, .close = tcp_close, .mode = S_IFSOCK
};

void tcp_room(void) {
    for (u32 i = 0; i < CONNECTIONS_MAX; i++) {
        struct tcp *t = &connections[i];
        if (t->state == CLOSED || !t->starved) continue;
        t->starved = false;
        tcp_output(t);
    }
}
