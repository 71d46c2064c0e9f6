/* Segments that leave. */
#include "tcp.h"

#define OPTION_MSS 2
#define OPTION_MSS_SIZE 4

static void complete(struct tcp_header *h, u64 n, u32 ip) {
    h->checksum = 0;
    h->checksum = checksum_end(checksum_add(checksum_pseudo(boot.ip, ip, IP_TCP, n), h, n));
    ip_output(h, n, ip, IP_TCP);
}

u32 tcp_window(struct tcp *t) {
    u32 room = t->in.bytes || t->state == SYN_RECEIVED ? RING - t->in.length : 0;
    u32 edge = t->rcv_next + room, gain = edge - t->rcv_edge;
    /* Silly window avoidance (RFC 9293, 3.8.6.2.2): the edge moves by a segment or half the buffer, and never back. */
    if ((s32)gain >= (s32)MIN(RING / 2, (u32)TCP_MSS)) t->rcv_edge = edge;
    return t->rcv_edge - t->rcv_next;
}

/* The segment of n bytes at sequence number `at`; false when there is no buffer for it. */
static bool send_segment(struct tcp *t, u32 at, u32 n, u32 flags) {
    struct tcp_header *h = ip_frame();
    if (!h) {
        t->starved = true;
        return false;
    }
    *h = (struct tcp_header){
        .from = swap16(t->local_port),
        .to = swap16(t->port),
        .sequence = swap32(at),
        .acknowledgment = swap32(t->rcv_next),
        .offset = TCP_HEADER / 4 << 4,
        .flags = (u8)(flags | ACK),
        .window = swap16((u16)tcp_window(t)),
    };
    if (n) ring_get(&t->out, at - t->una, (u8 *)(h + 1), n);
    complete(h, TCP_HEADER + n, t->ip);
    t->ack_now = false;
    t->unacknowledged = 0;
    t->ack_at = 0;
    return true;
}

void tcp_send_ack(struct tcp *t) {
    if (!send_segment(t, t->next, 0, 0)) t->ack_now = true;
}

void tcp_send_syn_ack(struct tcp *t) {
    struct tcp_header *h = ip_frame();
    if (!h) return; /* the timer comes back to it */
    u8 *option = (u8 *)(h + 1);
    *h = (struct tcp_header){
        .from = swap16(t->local_port),
        .to = swap16(t->port),
        .sequence = swap32(t->una),
        .acknowledgment = swap32(t->rcv_next),
        .offset = (TCP_HEADER + OPTION_MSS_SIZE) / 4 << 4,
        .flags = SYN | ACK,
        .window = swap16((u16)tcp_window(t)),
    };
    option[0] = OPTION_MSS;
    option[1] = OPTION_MSS_SIZE;
    option[2] = TCP_MSS >> 8;
    option[3] = TCP_MSS & 255;
    complete(h, TCP_HEADER + OPTION_MSS_SIZE, t->ip);
}

void tcp_send_reset(u32 ip, u16 port, u16 local_port, u32 sequence, u32 acknowledgment, u32 flags) {
    struct tcp_header *h = ip_frame();
    if (!h) return;
    *h = (struct tcp_header){
        .from = swap16(local_port),
        .to = swap16(port),
        .sequence = swap32(sequence),
        .acknowledgment = swap32(acknowledgment),
        .offset = TCP_HEADER / 4 << 4,
        .flags = (u8)flags,
    };
    complete(h, TCP_HEADER, ip);
}

/* May a segment of n bytes at offset `off` from una leave now? */
static bool due(const struct tcp *t, u32 off, u32 n) {
    if (n >= t->mss || t->forced || before(t->next, t->max)) return true;
    if (off + n == t->out.length) { /* all there is: Nagle (RFC 9293, 3.7.4) */
        if (t->fin_wanted) return true;
        return !t->more && (t->nodelay || off == 0);
    }
    return t->window_max && n >= t->window_max / 2; /* as much as the peer ever took */
}

/* Sends from `next` on what windows and buffers allow. */
static void send_data(struct tcp *t) {
    if (t->next == t->una && t->sent_at && now() - t->sent_at > t->rto) /* after idling (RFC 5681, 4.1) */
        t->cwnd = MIN(t->cwnd, tcp_initial_window(t));
    for (;;) {
        u32 off = t->next - t->una, allowed = MIN(t->window, t->cwnd);
        if (off > t->out.length) return; /* the FIN has been sent */
        u32 available = t->out.length - off, n = MIN(available, allowed > off ? allowed - off : 0);
        if (n > t->mss) n = t->mss;
        if (t->forced && !n && available) n = 1; /* a probe beyond the window */
        bool fin = t->fin_wanted && n == available;
        if (!n && !fin) return;
        if (n && !due(t, off, n)) return;
        bool new = !before(t->next, t->max);
        if (!send_segment(t, t->next, n, (fin ? FIN : 0) | (n && n == available ? PSH : 0))) return;
        if (new && !t->timing && n) {
            t->timing = true;
            t->timed = t->next + n;
            t->timed_at = now();
        } else if (!new) {
            t->timing = false; /* Karn: a repeated segment measures nothing */
        }
        t->sent_at = now();
        t->next += n + fin;
        if (after(t->next, t->max)) t->max = t->next;
        if (t->forced) {
            t->forced = false;
            if (!allowed) { /* a probe is not in flight: only its acknowledgment moves us on */
                t->next = t->una;
                return;
            }
        }
        if (fin) return;
    }
}

void tcp_output(struct tcp *t) {
    switch (t->state) {
    case ESTABLISHED:
    case CLOSE_WAIT:
    case FIN_WAIT_1:
    case CLOSING:
    case LAST_ACK: send_data(t); break;
    default: break;
    }
    if (t->ack_now) tcp_send_ack(t);
    bool flying = t->max != t->una && t->next != t->una;
    if (flying) {
        t->persist_at = 0;
        if (!t->retransmit_at) t->retransmit_at = now() + t->rto;
    } else {
        t->retransmit_at = 0;
        /* Something to send and nothing on its way that would bring an answer: ask again later. */
        bool waiting = t->out.length || (t->fin_wanted && t->next != tcp_end(t) + 1);
        if (!waiting) t->persist_at = 0;
        else if (!t->persist_at) t->persist_at = now() + t->rto;
    }
    if (!t->persist_at) t->probes = 0;
    tcp_timer_update(t);
}

void tcp_resend(struct tcp *t) {
    u32 n = MIN(t->out.length, (u32)t->mss);
    bool fin = t->fin_wanted && n == t->out.length && after(t->max, tcp_end(t));
    t->timing = false;
    send_segment(t, t->una, n, (fin ? FIN : 0) | (n && n == t->out.length ? PSH : 0));
}

void tcp_window_opened(struct tcp *t) {
    if (t->reset || t->fin_received || t->state == TIME_WAIT) return;
    if (!t->in.length && !t->gap_count) t->in.start = 0; /* stay where the cache is warm */
    u32 edge = t->rcv_next + RING - t->in.length, old = t->rcv_edge - t->rcv_next;
    /* Only when the peer may be waiting for it; otherwise the next segment says so. */
    if (old < RING / 2 && edge - t->rcv_edge >= (u32)TCP_MSS) {
        tcp_send_ack(t);
        tcp_timer_update(t);
    }
}
