/*
 * The UDP form: each datagram begins with 8 bytes, big endian: request id, sequence number, datagrams in all, 0. A request is
 * one datagram; what follows a command that is not complete is lost. A reply may take several.
 */
#include "memcached.h"

#define HEADER 8
#define PAYLOAD 1392 /* with the header 1400, as memcached: fits any Ethernet frame */
#define REQUEST_MAX (64ul << 10)
#define REPLY_MAX (VALUE_MAX + (64ul << 10))

static struct client udp;
static u8 *request, *replies;

static u16 get16(const u8 *at) { return (u16)(at[0] << 8 | at[1]); }
static void put16(u8 *at, size_t value) {
    at[0] = (u8)(value >> 8);
    at[1] = (u8)value;
}

static void send_reply(const struct sockaddr_in *to, u16 id, const struct buffer *out) {
    u8 datagram[HEADER + PAYLOAD];
    size_t total = (buf_used(out) + PAYLOAD - 1) / PAYLOAD;
    for (size_t number = 0; number < total; number++) {
        size_t at = number * PAYLOAD, length = MIN(PAYLOAD, buf_used(out) - at);
        put16(datagram, id);
        put16(datagram + 2, number);
        put16(datagram + 4, total);
        put16(datagram + 6, 0);
        memcpy(datagram + HEADER, buf_head(out) + at, length);
        /* A datagram that the network does not take is lost, as datagrams are. */
        if (sys_sendto(udp.conn.fd, datagram, HEADER + length, to) > 0) loop_stats.bytes_written += HEADER + length;
    }
}

static void replace_reply(struct buffer *out, const char *text) {
    out->start = out->end = 0;
    buf_text(out, text);
}

static void serve_datagram(const struct sockaddr_in *from, size_t length) {
    struct conn *c = &udp.conn;
    if (length < HEADER || length > REQUEST_MAX) return;
    memset(&udp.line_bytes, 0, sizeof udp - offsetof(struct client, line_bytes));
    c->closing = false;
    c->sink = NULL;
    c->sink_left = 0;
    c->in = (struct buffer){ request, HEADER, length, REQUEST_MAX + 1 };
    c->out = (struct buffer){ replies, 0, 0, REPLY_MAX };
    if (get16(request + 4) != 1) replace_reply(&c->out, "SERVER_ERROR multi-packet request not supported\r\n");
    else {
        bool more = client_serve(c);
        if (udp.filling) buf_text(&c->out, "CLIENT_ERROR bad data chunk\r\n");
        else if (more && (udp.sending || udp.line_bytes || buf_room(&c->out) < VALUE_MAX / 32))
            replace_reply(&c->out, "SERVER_ERROR out of memory writing get response\r\n");
        client_close(c);
    }
    send_reply(from, get16(request), &c->out);
}

static void udp_ready(struct watch *self, u32 events) {
    (void)self, (void)events;
    for (;;) {
        struct sockaddr_in from;
        long n = sys_recvfrom(udp.conn.fd, request, REQUEST_MAX, MSG_TRUNC, &from);
        if (n <= 0 && n != -EINTR) return;
        if (n > 0) serve_datagram(&from, (size_t)n);
    }
}

void udp_start(u32 address, u64 port) {
    request = map_pages(REQUEST_MAX + 1);
    replies = map_pages(REPLY_MAX);
    if (!request || !replies) die("memcached: no memory for datagrams");
    udp.conn.fd = bind_socket(SOCK_DGRAM | SOCK_NONBLOCK, address, port);
    udp.conn.watch.ready = udp_ready;
    loop_watch(&udp.conn.watch, udp.conn.fd);
}
