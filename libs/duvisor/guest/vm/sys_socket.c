/* System calls on sockets: AF_INET, streams and datagrams. A stream socket listens; it does not connect. */
#include "tcp.h"

#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_TYPE 0xf
#define SOCK_NONBLOCK 04000
#define SOL_SOCKET 1
#define SO_TYPE 3
#define SO_ERROR 4
#define IPPROTO_TCP 6
#define TCP_NODELAY 1

static bool is_socket(const struct file *f) { return f->ops == &udp_ops || f->ops == &tcp_listener_ops || f->ops == &tcp_ops; }

/* The socket of a descriptor, or why not. */
static struct file *socket_of(u64 fd, int *error) {
    struct file *f = fd_file(fd);
    *error = !f ? -EBADF : is_socket(f) ? 0 : -ENOTSOCK;
    return *error ? NULL : f;
}

static int get_address(u64 from, u64 size, u32 *ip, u16 *port) {
    struct address a;
    if (size < sizeof(a)) return -EINVAL;
    if (copy_in(&a, from, sizeof(a))) return -EFAULT;
    if (a.family != AF_INET) return -EAFNOSUPPORT;
    *ip = swap32(a.ip);
    *port = swap16(a.port);
    return 0;
}

/* To *size bytes at `to`, cut to what there is room for; *size becomes the whole size. Null `to`: not wanted. */
static int put_address(u64 to, u64 size_at, u32 ip, u16 port) {
    struct address a = { AF_INET, swap16(port), swap32(ip), 0 };
    u32 size, whole = sizeof(a);
    if (!to) return 0;
    if (copy_in(&size, size_at, sizeof(size))) return -EFAULT;
    if (copy_out(to, &a, MIN(size, whole)) || copy_out(size_at, &whole, sizeof(whole))) return -EFAULT;
    return 0;
}

s64 sys_socket(const struct args *a) {
    if (a->a[0] != AF_INET) return -EAFNOSUPPORT;
    u64 type = a->a[1] & SOCK_TYPE, protocol = a->a[2];
    if (type != SOCK_STREAM && type != SOCK_DGRAM) return -EPROTONOSUPPORT;
    if (protocol && protocol != (type == SOCK_STREAM ? IP_TCP : IP_UDP)) return -EPROTONOSUPPORT;
    if (!boot.ip) return -ENETDOWN;
    s64 fd = type == SOCK_STREAM ? tcp_create() : udp_create();
    if (fd >= 0) fd_file((u64)fd)->nonblock = a->a[1] & SOCK_NONBLOCK;
    return fd;
}

s64 sys_bind(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    u32 ip;
    u16 port;
    error = get_address(a->a[1], (u32)a->a[2], &ip, &port);
    if (error) return error;
    if (f->ops == &tcp_ops) return -EINVAL;
    return f->ops == &udp_ops ? udp_bind(f, ip, port) : tcp_bind(f, ip, port);
}

s64 sys_listen(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    return f->ops == &tcp_listener_ops ? tcp_listen(f, (s32)a->a[1]) : f->ops == &tcp_ops ? -EINVAL : -EOPNOTSUPP;
}

s64 sys_accept4(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    if (f->ops == &udp_ops) return -EOPNOTSUPP;
    struct tcp *t;
    s64 fd = tcp_accept(f, a->a[3] & SOCK_NONBLOCK, &t);
    if (fd < 0) return fd;
    error = put_address(a->a[1], a->a[2], t->ip, t->port);
    if (!error) return fd;
    fd_close((u64)fd);
    return error;
}

s64 sys_accept(const struct args *a) { return sys_accept4(&(struct args){ { a->a[0], a->a[1], a->a[2], 0 } }); }

s64 sys_getsockname(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    u16 port = f->ops == &udp_ops ? udp_port(f) : f->ops == &tcp_ops ? ((struct tcp *)f->object)->local_port
                                                                      : ((struct listener *)f->object)->port;
    return put_address(a->a[1], a->a[2], port ? boot.ip : 0, port);
}

s64 sys_getpeername(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    if (f->ops != &tcp_ops) return -ENOTCONN;
    const struct tcp *t = f->object;
    return put_address(a->a[1], a->a[2], t->ip, t->port);
}

s64 sys_sendto(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    if (f->ops == &tcp_ops) return tcp_send(f, a->a[1], a->a[2], (u32)a->a[3]);
    if (f->ops == &tcp_listener_ops) return -ENOTCONN;
    if (!a->a[4]) return -EDESTADDRREQ;
    u32 ip;
    u16 port;
    error = get_address(a->a[4], (u32)a->a[5], &ip, &port);
    return error ? error : udp_sendto(f, a->a[1], a->a[2], (u32)a->a[3], ip, port);
}

s64 sys_recvfrom(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    if (f->ops == &tcp_ops) return tcp_receive(f, a->a[1], a->a[2], (u32)a->a[3]);
    if (f->ops == &tcp_listener_ops) return -ENOTCONN;
    u32 ip = 0;
    u16 port = 0;
    s64 n = udp_recvfrom(f, a->a[1], a->a[2], (u32)a->a[3], &ip, &port);
    if (n < 0) return n;
    error = put_address(a->a[4], a->a[5], ip, port);
    return error ? error : n;
}

/* All but TCP_NODELAY are accepted and change nothing: buffers are fixed, addresses may always be used again. */
s64 sys_setsockopt(const struct args *a) {
    int error, value;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    if ((u32)a->a[4] < sizeof(value)) return -EINVAL;
    if (copy_in(&value, a->a[3], sizeof(value))) return -EFAULT;
    if (a->a[1] == IPPROTO_TCP && a->a[2] == TCP_NODELAY && f->ops != &udp_ops) tcp_set_nodelay(f, value);
    return 0;
}

s64 sys_getsockopt(const struct args *a) {
    int error, value = 0;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    u32 size = sizeof(value);
    if (a->a[1] != SOL_SOCKET) return -ENOPROTOOPT;
    switch (a->a[2]) {
    case SO_ERROR:
        if (f->ops == &tcp_ops) {
            struct tcp *t = f->object;
            value = -t->error;
            t->error = 0;
        }
        break;
    case SO_TYPE: value = f->ops == &udp_ops ? SOCK_DGRAM : SOCK_STREAM; break;
    default: return -ENOPROTOOPT;
    }
    return copy_out(a->a[3], &value, sizeof(value)) || copy_out(a->a[4], &size, sizeof(size)) ? -EFAULT : 0;
}

s64 sys_shutdown(const struct args *a) {
    int error;
    struct file *f = socket_of(a->a[0], &error);
    if (!f) return error;
    return f->ops == &tcp_ops ? tcp_shutdown(f, (u32)a->a[1]) : -ENOTCONN;
}
