/* UDP (RFC 768). Datagrams wait in buffers from one pool; a socket holds a share of them at most. */
#include "net.h"

#define SOCKETS 32
#define POOL 256
#define PER_SOCKET 128
#define DATA_MAX (MTU - IP_HEADER - sizeof(struct udp_header))
#define CODE_PORT 3

struct datagram {
    struct list link;
    u32 ip;
    u16 port, size;
    u8 data[DATA_MAX];
};
static struct udp {
    struct file *file; /* null: free */
    u16 port;          /* 0: not bound */
    u32 waiting;
    struct list queue;
} sockets[SOCKETS];
static struct list pool = LIST_INIT(pool);
static u16 next_port = PORT_FIRST;

void udp_init(void) {
    struct datagram *d = boot_alloc(POOL * sizeof(struct datagram));
    for (u32 i = 0; i < POOL; i++) list_add_tail(&pool, &d[i].link);
}

s64 udp_create(void) {
    struct udp *u = sockets;
    while (u < sockets + SOCKETS && u->file) u++;
    if (u == sockets + SOCKETS) return -ENOBUFS;
    struct file *f = file_new(&udp_ops, u);
    if (!f) return -ENFILE;
    *u = (struct udp){ .file = f };
    list_init(&u->queue);
    int fd = fd_install(f);
    if (fd < 0) file_close(f);
    return fd;
}

static struct udp *find(u16 port) {
    for (struct udp *u = sockets; u < sockets + SOCKETS; u++)
        if (u->file && u->port == port) return u;
    return NULL;
}

int udp_bind(struct file *f, u32 ip, u16 port) {
    struct udp *u = f->object;
    if (u->port) return -EINVAL;
    if (ip && ip != boot.ip) return -EADDRNOTAVAIL;
    if (port && find(port)) return -EADDRINUSE;
    while (!port) { /* fewer sockets than ports: there is one */
        if (!find(next_port)) port = next_port;
        next_port = next_port == PORT_LAST ? PORT_FIRST : (u16)(next_port + 1);
    }
    u->port = port;
    return 0;
}

u16 udp_port(const struct file *f) { return ((struct udp *)f->object)->port; }

void udp_input(const struct ip_header *ip, const u8 *segment, u64 n) {
    const struct udp_header *h = (const struct udp_header *)segment;
    if (n < sizeof(*h) || swap16(h->length) < sizeof(*h) || swap16(h->length) > n) return;
    n = swap16(h->length);
    u64 pseudo = checksum_pseudo(swap32(ip->from), swap32(ip->to), IP_UDP, n);
    if (h->checksum && checksum_end(checksum_add(pseudo, segment, n)) != 0) return;
    u16 to = swap16(h->to);
    struct udp *u = to ? find(to) : NULL;
    if (!u) {
        if (to && swap32(ip->to) == boot.ip) icmp_unreachable(ip, (u64)swap16(ip->length), CODE_PORT);
        return;
    }
    n -= sizeof(*h);
    if (u->waiting == PER_SOCKET || list_empty(&pool) || n > DATA_MAX) return;
    struct datagram *d = list_entry(pool.next, struct datagram, link);
    list_del(&d->link);
    d->ip = swap32(ip->from);
    d->port = swap16(h->from);
    d->size = (u16)n;
    copy_bytes(d->data, h + 1, n);
    list_add_tail(&u->queue, &d->link);
    u->waiting++;
    file_event(u->file, POLLIN);
    wakeup(u->file);
}

s64 udp_recvfrom(struct file *f, u64 to, u64 n, u32 flags, u32 *ip, u16 *port) {
    struct udp *u = f->object;
    while (list_empty(&u->queue)) {
        if (f->nonblock || (flags & MSG_DONTWAIT)) return -EAGAIN;
        sleep_on(f, TICKS_NEVER);
    }
    struct datagram *d = list_entry(u->queue.next, struct datagram, link);
    n = MIN(n, (u64)d->size);
    if (copy_out(to, d->data, n)) return -EFAULT;
    *ip = d->ip;
    *port = d->port;
    if (!(flags & MSG_PEEK)) {
        list_del(&d->link);
        list_add(&pool, &d->link);
        u->waiting--;
    }
    return (s64)n;
}

s64 udp_sendto(struct file *f, u64 from, u64 n, u32 flags, u32 ip, u16 port) {
    (void)flags;
    struct udp *u = f->object;
    if (n > DATA_MAX) return -EMSGSIZE;
    if (!port) return -EINVAL;
    if (!ip_reachable(ip)) return -ENETUNREACH;
    if (!u->port) udp_bind(f, 0, 0);
    struct udp_header *h = ip_frame();
    if (!h) return -ENOBUFS;
    if (copy_in(h + 1, from, n)) {
        ip_abandon(h);
        return -EFAULT;
    }
    u16 length = (u16)(sizeof(*h) + n);
    *h = (struct udp_header){ swap16(u->port), swap16(port), swap16(length), 0 };
    u64 sum = checksum_pseudo(boot.ip, ip, IP_UDP, length);
    h->checksum = checksum_end(checksum_add(sum, h, length));
    if (!h->checksum) h->checksum = 0xffff;
    ip_output(h, length, ip, IP_UDP);
    return (s64)n;
}

static s64 udp_read(struct file *f, u64 to, u64 n) {
    u32 ip;
    u16 port;
    return udp_recvfrom(f, to, n, 0, &ip, &port);
}

static s64 udp_write(struct file *f, u64 from, u64 n) {
    (void)f, (void)from, (void)n;
    return -EDESTADDRREQ;
}

static u32 udp_poll(struct file *f) {
    struct udp *u = f->object;
    return POLLOUT | (list_empty(&u->queue) ? 0 : POLLIN);
}

static void udp_close(struct file *f) {
    struct udp *u = f->object;
    while (!list_empty(&u->queue)) {
        struct list *d = u->queue.next;
        list_del(d);
        list_add(&pool, d);
    }
    u->file = NULL;
}

const struct file_ops udp_ops = {
    .read = udp_read, .write = udp_write, .poll = udp_poll, .close = udp_close, .mode = S_IFSOCK
};
