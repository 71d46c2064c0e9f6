/*
 * TCP (RFC 9293), passive opens only. By file: tcp.c connections, listeners and what processes see; tcp_input.c segments
 * that arrive; tcp_output.c segments that leave; tcp_timer.c time. With it: RFC 5681 and 6582 (congestion control, NewReno),
 * 6298 (retransmission timer), 5961 (blind attacks), 6528 (initial sequence numbers), 896 and 1122 (Nagle, silly windows,
 * delayed ACKs). Left out: window scaling, SACK, timestamps, urgent data.
 *
 * A connection that is established has two rings; half-open ones and those in TIME-WAIT have none, so what strangers can
 * make the kernel hold is small. Every pool is fixed; the oldest TIME-WAIT gives way to a new connection.
 */
#ifndef VM_TCP_H
#define VM_TCP_H

#include "net.h"

#define TCP_HEADER 20
#define TCP_MSS (MTU - IP_HEADER - TCP_HEADER)
#define TCP_MSS_DEFAULT 536 /* of a peer that names none */
#define TCP_MSS_LEAST 64
#define RING 32768u         /* bytes each way; less than 65536, as windows are not scaled */
#define GAPS 8              /* ranges received out of order */
#define BACKLOG_MAX 256

#define FIN 1u
#define SYN 2u
#define RST 4u
#define PSH 8u
#define ACK 16u

struct tcp_header {
    u16 from, to;
    u32 sequence, acknowledgment;
    u8 offset, flags; /* offset: words << 4 */
    u16 window, checksum, urgent;
};

enum tcp_state {
    CLOSED, SYN_RECEIVED, ESTABLISHED, FIN_WAIT_1, FIN_WAIT_2, CLOSE_WAIT, CLOSING, LAST_ACK, TIME_WAIT,
};

struct ring {
    u8 *bytes;  /* null: none */
    u32 start;  /* place of the first byte */
    u32 length; /* bytes in order */
};

struct range {
    u32 start, end; /* sequence numbers */
};

struct listener {
    struct file *file; /* null: free */
    u16 port;          /* 0: not bound */
    bool listening;
    bool nodelay; /* for its connections */
    u32 backlog;
    u32 half_open, complete; /* lengths of the two queues */
    struct list half_open_queue, accept_queue; /* oldest first */
};

struct tcp {
    struct list hash;  /* by addresses and ports */
    struct list queue; /* free, half-open, accept, TIME-WAIT or none */
    enum tcp_state state;
    u32 ip; /* the peer's */
    u16 port, local_port;
    struct listener *listener; /* until accepted */
    struct file *file;         /* null: not accepted yet, or closed by the process */
    int error;                 /* -errno for the next call, then 0 */
    bool reset;                /* gone: nothing can be read or written any more */

    /* send (RFC 9293, 3.3.1) */
    u32 una, next, max; /* oldest not acknowledged, next to send, highest sent + 1 */
    u32 window, wl1, wl2, window_max;
    struct ring out;    /* first byte has sequence number una (+1 while the SYN is not acknowledged) */
    u16 mss;
    bool fin_wanted, nodelay, more;
    bool forced; /* send now whatever Nagle or silly window avoidance say */
    bool starved; /* found no transmit buffer */

    /* congestion */
    u32 cwnd, ssthresh, recover;
    u32 duplicates;
    bool recovering;

    /* receive */
    u32 rcv_next, rcv_edge; /* edge: right end of the window advertised; never moves left */
    struct ring in;
    struct range gaps[GAPS]; /* sorted, disjoint, beyond rcv_next */
    u32 gap_count;
    bool fin_seen, fin_received; /* seen at fin_at, out of order; all before it is here */
    u32 fin_at;
    u32 unacknowledged; /* bytes since the last ACK */
    u16 segment_max;    /* largest received */
    bool ack_now;

    /* time, in ticks of the time CSR; 0: not set */
    struct timer timer;
    u64 retransmit_at, persist_at, ack_at, expire_at;
    u64 srtt, rttvar, rto;
    bool timing;
    u32 timed;    /* sequence number whose acknowledgment ends the measurement */
    u64 timed_at;
    u64 sent_at;  /* the last data */
    u32 retries;  /* without an answer; a process's peer may answer probes with a closed window as long as it likes */
    u32 probes;   /* since the window closed */
};

static inline bool before(u32 a, u32 b) { return (s32)(a - b) < 0; }
static inline bool after(u32 a, u32 b) { return (s32)(a - b) > 0; }

/* Sequence number behind the last byte in `out`: that of our FIN. */
static inline u32 tcp_end(const struct tcp *t) { return t->una + t->out.length; }

/* --- tcp.c --- */
void tcp_init(void);
s64 tcp_create(void);
extern const struct file_ops tcp_listener_ops, tcp_ops;
int tcp_bind(struct file *f, u32 ip, u16 port);
int tcp_listen(struct file *f, s32 backlog);
s64 tcp_accept(struct file *f, bool nonblock, struct tcp **out);
s64 tcp_send(struct file *f, u64 from, u64 n, u32 flags);
s64 tcp_receive(struct file *f, u64 to, u64 n, u32 flags);
int tcp_shutdown(struct file *f, u32 how);
void tcp_set_nodelay(struct file *f, bool on);
struct tcp *tcp_find(u32 ip, u16 port, u16 local_port);
struct listener *tcp_listener(u16 port);
/* A half-open connection in the listener's queue; null when there is no room. */
struct tcp *tcp_open(struct listener *l, u32 ip, u16 port);
/* Half-open to established: false when there is no room, and the segment is to be ignored. */
bool tcp_establish(struct tcp *t);
void tcp_enter_time_wait(struct tcp *t);
/* In FIN-WAIT-2 without a process: not for ever. */
void tcp_orphan_fin_wait_2(struct tcp *t);
/* The connection is over: frees it, or leaves `error` for the process that has it. */
void tcp_gone(struct tcp *t, int error);
/* Tell the process what may now be possible. */
void tcp_event(struct tcp *t, u32 events);
/* Bytes to, from and past the end of the rings. */
void ring_put(struct ring *r, u32 at, const u8 *bytes, u32 n);
void ring_get(const struct ring *r, u32 at, u8 *to, u32 n);
void ring_drop(struct ring *r, u32 n);

/* --- tcp_input.c --- */
void tcp_input(const struct ip_header *ip, const u8 *segment, u64 n);

/* --- tcp_output.c --- */
/* Sends what may be sent now; an ACK if one is due. */
void tcp_output(struct tcp *t);
void tcp_send_ack(struct tcp *t);
void tcp_send_syn_ack(struct tcp *t);
/* RFC 6928. */
static inline u32 tcp_initial_window(const struct tcp *t) { return MIN(10u * t->mss, MAX(2u * t->mss, 14600u)); }
/* The segment at una again. */
void tcp_resend(struct tcp *t);
void tcp_send_reset(u32 ip, u16 port, u16 local_port, u32 sequence, u32 acknowledgment, u32 flags);
/* Window to advertise: bytes from rcv_next to the edge. */
u32 tcp_window(struct tcp *t);
/* The process has read: tell the peer if the window has opened enough. */
void tcp_window_opened(struct tcp *t);
/* Transmit buffers are there again. */
void tcp_room(void);

/* --- tcp_timer.c --- */
void tcp_timer_init(struct tcp *t);
/* After a deadline was changed. */
void tcp_timer_update(struct tcp *t);
void tcp_measured(struct tcp *t, u64 rtt);
u64 tcp_ms(u64 ms);

#define RTO_FIRST_MS 1000
#define RTO_LEAST_MS 200
#define RTO_MOST_MS 60000
#define DELAYED_ACK_MS 40
#define TIME_WAIT_MS 60000
#define FIN_WAIT_2_MS 60000 /* when the process has closed */

#endif
