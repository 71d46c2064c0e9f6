#include "redis.h"

void do_ping(struct client *c) {
    if (c->argc > 2) reply_error_arity(c, arg(c, 0));
    else if (c->argc == 2) reply_bulk(c, arg(c, 1));
    else reply_status(c, "PONG");
}

void do_echo(struct client *c) { reply_bulk(c, arg(c, 1)); }

void do_quit(struct client *c) {
    reply_status(c, "OK");
    c->conn.closing = true;
}

void do_select(struct client *c) {
    s64 index;
    if (!arg_integer(c, 1, &index)) return;
    if (index != (s32)index) reply_error(c, "ERR value is out of range, value must between -2147483648 and 2147483647");
    else if (index != 0) reply_error(c, "ERR DB index is out of range");
    else reply_status(c, "OK");
}

/* Clients ask for it when they start; they get along with an empty answer. */
void do_command(struct client *c) {
    if (c->argc > 1 && slice_is_nocase(arg(c, 1), "count")) reply_integer(c, (s64)command_count());
    else reply_array(c, 0);
}

static u64 started_ms;
void info_start(void) { started_ms = now_ms; }

static void put_row(struct buffer *b, const char *name, u64 value) {
    buf_text(b, name);
    buf_put(b, ":", 1);
    buf_u64(b, value);
    buf_text(b, "\r\n");
}

void do_info(struct client *c) {
    const struct {
        const char *section, *name;
        u64 value;
    } rows[] = {
        { "Server", "process_id", (u64)sys_getpid() },
        { "Server", "uptime_in_seconds", (now_ms - started_ms) / 1000 },
        { "Clients", "connected_clients", loop_stats.open_conns },
        { "Memory", "used_memory", heap_used },
        { "Memory", "used_memory_peak", heap_peak },
        { "Memory", "maxmemory", memory_limit },
        { "Stats", "total_connections_received", loop_stats.total_conns },
        { "Stats", "total_commands_processed", server_stats.commands },
        { "Stats", "total_net_input_bytes", loop_stats.bytes_read },
        { "Stats", "total_net_output_bytes", loop_stats.bytes_written },
        { "Stats", "expired_keys", expired_keys },
        { "Stats", "keyspace_hits", server_stats.hits },
        { "Stats", "keyspace_misses", server_stats.misses },
        { "Keyspace", "keys", keys->count },
    };
    u8 text[1024];
    struct buffer b = { text, 0, 0, sizeof text };
    const char *section = "";
    bool all = c->argc < 2 || slice_is_nocase(arg(c, 1), "all") || slice_is_nocase(arg(c, 1), "everything") ||
               slice_is_nocase(arg(c, 1), "default");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!all && !slice_is_nocase(arg(c, 1), rows[i].section)) continue;
        if (strcmp(section, rows[i].section) != 0) {
            section = rows[i].section;
            buf_text(&b, b.end ? "\r\n# " : "# ");
            buf_text(&b, section);
            buf_text(&b, "\r\n");
            if (i == 0) buf_text(&b, "redis_version:7.0.0\r\nredis_mode:standalone\r\n");
        }
        put_row(&b, rows[i].name, rows[i].value);
    }
    reply_bulk(c, (struct slice){ text, b.end });
}
