/*
 * The event loop that all services share: level-triggered epoll, non-blocking sockets, one thread. A connection reads only
 * while its output is sent (back-pressure), so its memory is its two buffers and no more.
 */
#ifndef SERVICES_LOOP_H
#define SERVICES_LOOP_H

#include "buffer.h"
#include "sys.h"

/* What epoll reports an event of. */
struct watch {
    void (*ready)(struct watch *self, u32 events);
};

enum sent {
    SENT_ALL,
    SENT_BLOCKED, /* the socket takes no more now */
    SENT_BROKEN,  /* the connection is lost */
};

struct conn {
    struct watch watch;
    int fd;
    u32 armed;      /* events asked of epoll */
    bool eof;       /* the peer sends no more */
    bool closing;   /* close when everything is sent */
    bool broken;    /* close now */
    bool lingering; /* all sent and our side shut: dropping input until the peer's end */
    u64 deadline;   /* ms since 1970 when service->timeout is called; 0 = none */
    size_t dropped; /* bytes, while lingering */
    u8 *sink;       /* when set, input goes here while `in` is empty */
    size_t sink_left;
    struct buffer in, out;
    struct conn *next; /* all open ones, or all free ones */
    struct conn **link;
};

struct service {
    size_t conn_bytes; /* of the service's structure, which begins with struct conn */
    size_t in_bytes, out_bytes;
    u64 max_conns;
    void (*open)(struct conn *c);  /* optional; memory is zeroed */
    void (*close)(struct conn *c); /* optional */
    /* Takes requests from `in`, puts replies into `out`, which is empty. True: there is something to send (or `closing` is
       set), call again after that; false: more input is needed. */
    bool (*serve)(struct conn *c);
    /* Optional: sends what comes after `out` without having been there (a file's contents, an item). */
    enum sent (*send_more)(struct conn *c);
    /* Optional: more room for input; `in` is full. Without it, or when it fails, the connection is closed. */
    bool (*grow_in)(struct conn *c);
    /* Optional: `deadline` has come. Without it the connection is closed. */
    void (*timeout)(struct conn *c);
    /* Optional: periodic work. Returns ms until it wants to be called again, < 0: not before the next event. */
    s64 (*tick)(void);
};

/* Time of the current turn of the loop. One clock for deadlines and expiry times, so that a turn costs one call. */
extern u64 now_ms; /* since 1970 */
static inline u64 now_seconds(void) { return now_ms / 1000; }

struct loop_stats {
    u64 open_conns, total_conns, bytes_read, bytes_written;
};
extern struct loop_stats loop_stats;

/* loop.c */
void loop_init(void);
int bind_socket(int type, u32 address, u64 port); /* dies when it cannot */
void loop_watch(struct watch *w, int fd);
/* Serves TCP connections on address:port and whatever is watched; never returns. */
_Noreturn void loop_run(const struct service *s, u32 address, u64 port);
enum sent send_buffer(int fd, struct buffer *b);
void *map_pages(size_t bytes); /* zeroed; NULL when there are none */

#endif
