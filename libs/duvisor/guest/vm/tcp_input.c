/* Segments that arrive (RFC 9293, 3.10.7), in the order of its steps. */
#include "tcp.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define CHALLENGES_PER_S 100 /* RFC 5961, 7 */
#define CWND_MOST (1u << 20)

struct segment {
    u32 ip, sequence, acknowledgment, window;
    u16 port, local_port, header;
    u8 flags;
    const u8 *data;
    u32 length; /* of data */
};

static u64 challenge_second;
static u32 challenges;

/* An ACK that makes an honest peer show itself; a limited number, so that nobody makes us flood another. */
static void challenge(struct tcp *t) {
    u64 second = now() / boot.timebase;
    if (second != challenge_second) {
        challenge_second = second;
        challenges = 0;
    }
    if (challenges++ < CHALLENGES_PER_S) tcp_send_ack(t);
}

static u16 read_mss(const struct tcp_header *h, u32 header) {
    const u8 *p = (const u8 *)(h + 1), *end = (const u8 *)h + header;
    while (p < end && *p != OPTION_END) {
        if (*p == OPTION_NOP) {
            p++;
            continue;
        }
        if (end - p < 2 || p[1] < 2 || p[1] > end - p) break;
        if (p[0] == OPTION_MSS && p[1] == 4) return (u16)MAX(p[2] << 8 | p[3], TCP_MSS_LEAST);
        p += p[1];
    }
    return TCP_MSS_DEFAULT;
}

/* RFC 6528: a clock and a hash that strangers cannot guess, though the same in every run with this seed. */
static u32 first_sequence(const struct segment *s) {
    u64 clock = time_to_ns(now()) / 4000;
    u64 salt = ((u64)s->ip << 32 | (u32)s->port << 16 | s->local_port) ^ 0xA5A5A5A5;
    return (u32)clock + (u32)boot_random(salt, 1UL << 32);
}

/* For a segment that belongs to no connection. */
static void refuse(const struct segment *s) {
    if (s->flags & RST) return;
    if (s->flags & ACK) {
        tcp_send_reset(s->ip, s->port, s->local_port, s->acknowledgment, 0, RST);
    } else {
        u32 length = s->length + !!(s->flags & SYN) + !!(s->flags & FIN);
        tcp_send_reset(s->ip, s->port, s->local_port, 0, s->sequence + length, RST | ACK);
    }
}

/* 3.10.7.2 */
static void listen_input(struct listener *l, const struct segment *s, const struct tcp_header *h) {
    if (s->flags & RST) return;
    if (s->flags & ACK) {
        refuse(s);
        return;
    }
    if (!(s->flags & SYN) || (s->flags & FIN)) return;
    struct tcp *t = tcp_open(l, s->ip, s->port);
    if (!t) return; /* no room: the peer tries again */
    t->mss = (u16)MIN(read_mss(h, s->header), (u16)TCP_MSS);
    t->rcv_next = s->sequence + 1;
    t->rcv_edge = t->rcv_next + RING;
    t->una = first_sequence(s);
    t->next = t->max = t->una + 1;
    t->recover = t->una;
    t->wl1 = s->sequence;
    t->window = t->window_max = s->window;
    t->segment_max = TCP_MSS_DEFAULT;
    t->timing = true;
    t->timed = t->next;
    t->timed_at = now();
    t->retransmit_at = t->timed_at + t->rto;
    tcp_send_syn_ack(t);
    tcp_timer_update(t);
}

/* The handshake's third segment; false: ignore it. */
static bool established(struct tcp *t, const struct segment *s) {
    if (!tcp_establish(t)) return false;
    t->una = t->next;
    t->wl1 = s->sequence;
    t->wl2 = s->acknowledgment;
    t->window = t->window_max = s->window;
    t->cwnd = t->retries ? t->mss : tcp_initial_window(t);
    t->ssthresh = 65535;
    t->retransmit_at = 0;
    if (t->retries) t->rto = tcp_ms(3 * RTO_FIRST_MS); /* RFC 6298, 5.7 */
    else tcp_measured(t, now() - t->timed_at);
    t->timing = false;
    t->retries = 0;
    return true;
}

/* First of the four checks of 3.10.7.4, with the window we have advertised. */
static bool acceptable(const struct tcp *t, const struct segment *s, u32 length) {
    u32 window = t->rcv_edge - t->rcv_next, first = s->sequence - t->rcv_next;
    if (length == 0) return first < window || first == 0;
    return window && (first < window || first + length - 1 < window);
}

/* --- acknowledgments --- */

/* RFC 5681, 3.1 and 3.2, RFC 6582, 3.2. `acked` bytes are new. */
static void congestion(struct tcp *t, u32 acked, u32 flight) {
    if (t->recovering) {
        if (!before(t->una, t->recover)) { /* all that was out when the loss was seen */
            t->recovering = false;
            t->duplicates = 0;
            t->cwnd = MIN(t->ssthresh, MAX(t->max - t->una, (u32)t->mss) + t->mss);
        } else { /* the next hole */
            tcp_resend(t);
            t->cwnd = t->cwnd > acked ? t->cwnd - acked : 0;
            t->cwnd += t->mss;
        }
        return;
    }
    t->duplicates = 0;
    if (flight + t->mss < t->cwnd) return; /* the window was not what held us back */
    if (t->cwnd < t->ssthresh) t->cwnd += MIN(acked, (u32)t->mss);
    else t->cwnd += MAX((u32)t->mss * t->mss / t->cwnd, 1u);
    t->cwnd = MIN(t->cwnd, CWND_MOST);
}

static void duplicate(struct tcp *t) {
    t->duplicates++;
    if (t->recovering) {
        t->cwnd = MIN(t->cwnd + t->mss, CWND_MOST); /* one has left the network */
    } else if (t->duplicates == 3 && after(t->una, t->recover)) {
        t->recover = t->max;
        t->recovering = true;
        t->ssthresh = MAX((t->max - t->una) / 2, 2u * t->mss);
        t->cwnd = t->ssthresh + 3u * t->mss;
        tcp_resend(t);
    }
}

/* Our FIN has been acknowledged. */
static bool fin_acknowledged(struct tcp *t) {
    switch (t->state) {
    case FIN_WAIT_1:
        t->state = FIN_WAIT_2;
        if (!t->file) tcp_orphan_fin_wait_2(t);
        return true;
    case CLOSING: tcp_enter_time_wait(t); return true;
    case LAST_ACK: tcp_gone(t, 0); return false;
    default: return true;
    }
}

/* Fifth check. False: the connection is gone, or the segment is not to be looked at further. */
static bool acknowledge(struct tcp *t, const struct segment *s) {
    u32 ack = s->acknowledgment;
    if (after(ack, t->max) || before(ack, t->una - t->window_max)) { /* RFC 5961, 5 */
        challenge(t);
        return false;
    }
    bool window_same = s->window == t->window;
    if (t->file) t->retries = 0;
    u32 flight = t->max - t->una;
    if (after(ack, t->una)) {
        u32 acked = ack - t->una, data = MIN(acked, t->out.length);
        if (t->out.bytes) ring_drop(&t->out, data);
        t->una = ack;
        if (before(t->next, t->una)) t->next = t->una;
        t->retransmit_at = 0;
        t->retries = 0;
        if (t->timing && !before(ack, t->timed)) {
            t->timing = false;
            tcp_measured(t, now() - t->timed_at);
        }
        congestion(t, acked, flight);
        if (data) {
            if (t->file && RING - t->out.length >= RING / 4) tcp_event(t, POLLOUT);
        }
        if (acked > data && !fin_acknowledged(t)) return false;
    } else if (ack == t->una && t->next != t->una && !s->length && window_same && !(s->flags & (SYN | FIN))) {
        duplicate(t);
    }
    /* Sixth: the send window, from newer segments only. */
    if (before(t->wl1, s->sequence) || (t->wl1 == s->sequence && !after(t->wl2, ack))) {
        if (t->window == 0 && s->window) t->persist_at = 0;
        t->window = s->window;
        t->window_max = MAX(t->window_max, s->window);
        t->wl1 = s->sequence;
        t->wl2 = ack;
    }
    return true;
}

/* --- data --- */

/* Remember that [start, end) is in the ring; false when there is no place for one more range. */
static bool add_gap(struct tcp *t, u32 start, u32 end) {
    u32 i = 0;
    while (i < t->gap_count && before(t->gaps[i].end, start)) i++;
    u32 last = i; /* those from i on that touch [start, end) become one */
    while (last < t->gap_count && !after(t->gaps[last].start, end)) {
        if (before(t->gaps[last].start, start)) start = t->gaps[last].start;
        if (after(t->gaps[last].end, end)) end = t->gaps[last].end;
        last++;
    }
    if (last == i) {
        if (t->gap_count == GAPS) return false;
        memmove(&t->gaps[i + 1], &t->gaps[i], (t->gap_count - i) * sizeof(struct range));
        t->gap_count++;
    } else {
        memmove(&t->gaps[i + 1], &t->gaps[last], (t->gap_count - last) * sizeof(struct range));
        t->gap_count -= last - i - 1;
    }
    t->gaps[i] = (struct range){ start, end };
    return true;
}

/* rcv_next has reached the first ranges: they are in order now. */
static void close_gaps(struct tcp *t) {
    u32 n = 0;
    for (; n < t->gap_count && !after(t->gaps[n].start, t->rcv_next); n++) {
        if (!after(t->gaps[n].end, t->rcv_next)) continue;
        t->in.length += t->gaps[n].end - t->rcv_next;
        t->rcv_next = t->gaps[n].end;
    }
    t->gap_count -= n;
    memmove(t->gaps, t->gaps + n, t->gap_count * sizeof(struct range));
}

/* Seventh: the text, already cut to the window. */
static void receive(struct tcp *t, u32 at, const u8 *data, u32 n) {
    if (at != t->rcv_next) { /* out of order: tell the peer at once which byte is missing (RFC 5681, 4.2) */
        t->ack_now = true;
        if (add_gap(t, at, at + n)) ring_put(&t->in, t->in.length + (at - t->rcv_next), data, n);
        return;
    }
    if (!t->in.length && !t->gap_count) t->in.start = 0;
    ring_put(&t->in, t->in.length, data, n);
    t->in.length += n;
    t->rcv_next += n;
    if (t->gap_count) {
        close_gaps(t);
        t->ack_now = true;
    }
    t->unacknowledged += n;
    t->segment_max = (u16)MAX(n, (u32)t->segment_max);
    if (t->unacknowledged >= 2u * t->segment_max) t->ack_now = true;
    else if (!t->ack_at) t->ack_at = now() + tcp_ms(DELAYED_ACK_MS);
    tcp_event(t, POLLIN);
}

/* Eighth: the peer's FIN, all before it is here. */
static void finished(struct tcp *t) {
    t->rcv_next++;
    t->fin_received = true;
    t->ack_now = true;
    switch (t->state) {
    case ESTABLISHED: t->state = CLOSE_WAIT; break;
    case FIN_WAIT_1: t->state = CLOSING; break; /* our FIN is not acknowledged, or we were in FIN-WAIT-2 */
    case FIN_WAIT_2:
        tcp_send_ack(t);
        tcp_enter_time_wait(t);
        break;
    default: break;
    }
    tcp_event(t, POLLIN | POLLRDHUP | POLLHUP);
}

/* Cuts what lies outside the window, takes the rest. False: the connection is gone. */
static bool text(struct tcp *t, const struct segment *s) {
    bool fin = s->flags & FIN;
    if (t->fin_received || (!s->length && !fin)) {
        if (s->length || fin) t->ack_now = true;
        return true;
    }
    if (s->length && !t->file && !t->listener) { /* nobody will read it (RFC 9293, 3.6.1) */
        tcp_send_reset(t->ip, t->port, t->local_port, t->next, t->rcv_next, RST | ACK);
        tcp_gone(t, -ECONNRESET);
        return false;
    }
    u32 at = s->sequence, n = s->length;
    const u8 *data = s->data;
    if (before(at, t->rcv_next)) {
        u32 old = MIN(t->rcv_next - at, n);
        at += old, data += old, n -= old;
        t->ack_now = true;
    }
    u32 room = t->rcv_edge - at;
    if (n > room) {
        n = room;
        fin = false;
        t->ack_now = true;
    }
    if (fin && !t->fin_seen) {
        t->fin_seen = true;
        t->fin_at = s->sequence + s->length;
    }
    if (n) receive(t, at, data, n);
    if (t->fin_seen) {
        if (t->fin_at == t->rcv_next) finished(t);
        else t->ack_now = true;
    }
    return true;
}

/* A new SYN for a connection that only waits for its end (RFC 9293, 3.6.1). */
static bool reopens(const struct tcp *t, const struct segment *s) {
    return t->state == TIME_WAIT && !t->file && (s->flags & (SYN | ACK | RST | FIN)) == SYN && after(s->sequence, t->rcv_next);
}

static void connection_input(struct tcp *t, const struct segment *s) {
    u32 length = s->length + !!(s->flags & SYN) + !!(s->flags & FIN);
    /* First: sequence number. A handshake's SYN that comes again gets its answer again. */
    if (t->state == SYN_RECEIVED && (s->flags & (SYN | ACK | RST)) == SYN && s->sequence + 1 == t->rcv_next) {
        tcp_send_syn_ack(t);
        t->timing = false;
        return;
    }
    if (!acceptable(t, s, length)) {
        if (s->flags & RST) return;
        /* A window probe, an old segment, or a FIN again: its acknowledgment may still count. */
        if (t->state == TIME_WAIT && (s->flags & FIN)) tcp_enter_time_wait(t);
        if (t->state >= ESTABLISHED && (s->flags & (ACK | SYN)) == ACK && !before(t->rcv_next, s->sequence) &&
            !acknowledge(t, s))
            return;
        t->ack_now = true;
        tcp_output(t);
        return;
    }
    /* Second: RST, believed at exactly the next sequence number only (RFC 5961, 3). */
    if (s->flags & RST) {
        if (s->sequence != t->rcv_next) challenge(t);
        else if (t->state != TIME_WAIT) tcp_gone(t, t->state == LAST_ACK || t->state == CLOSING ? 0 : -ECONNRESET);
        return;
    }
    /* Fourth: SYN (RFC 5961, 4). */
    if (s->flags & SYN) {
        challenge(t);
        return;
    }
    if (!(s->flags & ACK)) return;
    if (t->state == SYN_RECEIVED) {
        if (s->acknowledgment != t->next) {
            refuse(s);
            return;
        }
        if (!established(t, s)) return;
    } else if (!acknowledge(t, s)) {
        return;
    }
    if (t->state == TIME_WAIT) {
        if (s->flags & FIN) {
            tcp_send_ack(t);
            tcp_enter_time_wait(t);
        }
        return;
    }
    if (!text(t, s)) return;
    tcp_output(t);
}

void tcp_input(const struct ip_header *ip, const u8 *bytes, u64 n) {
    const struct tcp_header *h = (const struct tcp_header *)bytes;
    if (n < TCP_HEADER) return;
    u32 header = (u32)(h->offset >> 4) * 4;
    if (header < TCP_HEADER || header > n) return;
    u64 pseudo = (u64)ip->from + ip->to + swap16(IP_TCP) + swap16((u16)n);
    if (checksum_end(checksum_add(pseudo, bytes, n)) != 0) return;
    struct segment s = {
        .ip = swap32(ip->from),
        .sequence = swap32(h->sequence),
        .acknowledgment = swap32(h->acknowledgment),
        .window = swap16(h->window),
        .port = swap16(h->from),
        .local_port = swap16(h->to),
        .header = (u16)header,
        .flags = h->flags,
        .data = bytes + header,
        .length = (u32)(n - header),
    };
    if (!s.port || !s.local_port) return;
    struct tcp *t = tcp_find(s.ip, s.port, s.local_port);
    if (t && reopens(t, &s)) {
        tcp_gone(t, 0);
        t = NULL;
    }
    if (t) {
        connection_input(t, &s);
        return;
    }
    struct listener *l = tcp_listener(s.local_port);
    if (l) listen_input(l, &s, h);
    else refuse(&s);
}
