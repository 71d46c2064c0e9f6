#include "memcached.h"

static void put(struct buffer *out, const char *name, u64 value) {
    buf_text(out, "STAT ");
    buf_text(out, name);
    buf_put(out, " ", 1);
    buf_u64(out, value);
    buf_text(out, "\r\n");
}

static u64 started; /* seconds since 1970 */

void report_start(void) { started = now_seconds(); }

static void general(struct buffer *out) {
    const struct {
        const char *name;
        u64 value;
    } rows[] = {
        { "pid", (u64)sys_getpid() },
        { "uptime", now_seconds() - started },
        { "time", now_seconds() },
        { "pointer_size", 64 },
        { "curr_connections", loop_stats.open_conns },
        { "total_connections", loop_stats.total_conns },
        { "cmd_get", stats.cmd_get },
        { "cmd_set", stats.cmd_set },
        { "cmd_flush", stats.cmd_flush },
        { "cmd_touch", stats.cmd_touch },
        { "get_hits", stats.get_hits },
        { "get_misses", stats.get_misses },
        { "get_expired", stats.get_expired },
        { "delete_misses", stats.delete_misses },
        { "delete_hits", stats.delete_hits },
        { "incr_misses", stats.incr_misses },
        { "incr_hits", stats.incr_hits },
        { "decr_misses", stats.decr_misses },
        { "decr_hits", stats.decr_hits },
        { "cas_misses", stats.cas_misses },
        { "cas_hits", stats.cas_hits },
        { "cas_badval", stats.cas_badval },
        { "touch_hits", stats.touch_hits },
        { "touch_misses", stats.touch_misses },
        { "store_too_large", stats.store_too_large },
        { "bytes_read", loop_stats.bytes_read },
        { "bytes_written", loop_stats.bytes_written },
        { "limit_maxbytes", slabs_limit() },
        { "threads", 1 },
        { "bytes", stats.bytes },
        { "curr_items", stats.curr_items },
        { "total_items", stats.total_items },
        { "evictions", stats.evictions },
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) put(out, rows[i].name, rows[i].value);
}

bool report_stats(struct buffer *out, struct slice about) {
    if (about.length == 0) general(out);
    else if (slice_is(about, "slabs")) slabs_report(out, false);
    else if (slice_is(about, "items")) slabs_report(out, true);
    else return false;
    return true;
}
