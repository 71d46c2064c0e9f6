/* Time: retransmission (RFC 6298), probes of a closed window (RFC 9293, 3.8.6.1), delayed ACKs, the end of a connection. */
#include "tcp.h"

#define RETRIES_SYN_ACK 5
#define RETRIES 15
#define RETRIES_ORPHAN 8

u64 tcp_ms(u64 ms) { return boot.timebase * ms / 1000; }

static void fire(struct timer *timer);

void tcp_timer_init(struct tcp *t) {
    timer_setup(&t->timer, fire);
    t->rto = tcp_ms(RTO_FIRST_MS);
}

/* The timer may be armed for something that is not due any more: then it fires in vain, which is cheaper than moving it. */
void tcp_timer_update(struct tcp *t) {
    const u64 deadlines[] = { t->retransmit_at, t->persist_at, t->ack_at, t->expire_at };
    u64 first = 0;
    for (u32 i = 0; i < ARRAY_SIZE(deadlines); i++)
        if (deadlines[i] && (!first || deadlines[i] < first)) first = deadlines[i];
    if (first && (!timer_armed(&t->timer) || t->timer.deadline > first)) timer_set(&t->timer, first);
}

/* RFC 6298, 2.2 and 2.3. */
void tcp_measured(struct tcp *t, u64 rtt) {
    if (!t->srtt) {
        t->srtt = rtt;
        t->rttvar = rtt / 2;
    } else {
        u64 distance = rtt > t->srtt ? rtt - t->srtt : t->srtt - rtt;
        t->rttvar = (3 * t->rttvar + distance) / 4;
        t->srtt = (7 * t->srtt + rtt) / 8;
    }
    if (!t->srtt) t->srtt = 1;
    t->rto = MAX(t->srtt + 4 * t->rttvar, tcp_ms(RTO_LEAST_MS));
}

/* True when the connection was given up. */
static bool given_up(struct tcp *t) {
    u32 most = t->state == SYN_RECEIVED ? RETRIES_SYN_ACK : t->file || t->listener ? RETRIES : RETRIES_ORPHAN;
    if (t->retries < most) return false;
    if (t->state != SYN_RECEIVED) tcp_send_reset(t->ip, t->port, t->local_port, t->next, t->rcv_next, RST | ACK);
    tcp_gone(t, -ETIMEDOUT);
    return true;
}

static void retransmit(struct tcp *t) {
    if (given_up(t)) return;
    t->rto = MIN(2 * t->rto, tcp_ms(RTO_MOST_MS)); /* kept until a measurement (RFC 6298, 5.7) */
    t->retries++;
    t->retransmit_at = now() + t->rto;
    if (t->state == SYN_RECEIVED) {
        tcp_send_syn_ack(t);
        tcp_timer_update(t);
        return;
    }
    /* RFC 5681, 3.1; everything from una on is sent again as the window opens. */
    u32 flight = t->max - t->una;
    if (t->retries == 1) t->ssthresh = MAX(flight / 2, 2u * t->mss);
    t->cwnd = t->mss;
    t->recover = t->max;
    t->recovering = false;
    t->duplicates = 0;
    t->timing = false;
    t->next = t->una;
    t->forced = true; /* at least one segment, whatever the window */
    tcp_output(t);
    t->forced = false;
}

static void probe(struct tcp *t) {
    if (given_up(t)) return;
    t->retries++;
    u64 interval = t->rto << MIN(t->probes, 16u);
    t->probes++;
    t->persist_at = now() + MIN(interval, tcp_ms(RTO_MOST_MS));
    t->more = false;
    t->forced = true;
    tcp_output(t);
    t->forced = false;
}

static bool take(u64 *deadline, u64 time) {
    if (!*deadline || *deadline > time) return false;
    *deadline = 0;
    return true;
}

static void fire(struct timer *timer) {
    struct tcp *t = container_of(timer, struct tcp, timer);
    u64 time = now();
    if (take(&t->expire_at, time)) {
        tcp_gone(t, 0);
    } else if (take(&t->retransmit_at, time)) {
        retransmit(t);
    } else if (take(&t->persist_at, time)) {
        probe(t);
    } else {
        if (take(&t->ack_at, time)) tcp_send_ack(t);
        tcp_timer_update(t);
    }
}
