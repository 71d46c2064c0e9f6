#include "redis.h"

#define MIB (1ul << 20)
/* Replies are sent when so much of them has piled up. */
#define SEND_AT (16ul << 10)

static void client_open(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    c->home_in = conn->in.data;
    c->home_in_bytes = conn->in.capacity;
    c->home_out = conn->out.data;
    c->home_out_bytes = conn->out.capacity;
}

/* Empty buffers that grew go back to what they were. */
static void shrink(struct buffer *b, u8 *home, size_t bytes) {
    if (b->data == home || buf_used(b) > 0) return;
    heap_free(b->data);
    *b = (struct buffer){ home, 0, 0, bytes };
}

static void client_close(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    if (conn->in.data != c->home_in) heap_free(conn->in.data);
    if (conn->out.data != c->home_out) heap_free(conn->out.data);
    heap_free(c->words);
}

static bool client_grow_in(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    struct buffer *in = &conn->in;
    size_t capacity = MIN(in->capacity * 2, REQUEST_MAX);
    if (capacity == in->capacity || heap_used + capacity > memory_limit + BUFFER_SLACK) return false;
    bool at_home = in->data == c->home_in;
    u8 *larger = heap_grow(at_home ? NULL : in->data, capacity);
    if (at_home) memcpy(larger, in->data, in->end);
    in->data = larger;
    in->capacity = capacity;
    return true;
}

static bool client_serve(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    shrink(&conn->out, c->home_out, c->home_out_bytes);
    while (!conn->closing && !conn->broken && buf_used(&conn->out) < SEND_AT) {
        enum parsed parsed = parse_command(c);
        if (parsed == PARSED_MORE_NEEDED) break;
        if (parsed == PARSED_COMMAND) execute(c);
        if (parsed != PARSED_BAD) command_done(c);
    }
    shrink(&conn->in, c->home_in, c->home_in_bytes);
    return conn->closing || conn->broken || buf_used(&conn->out) > 0;
}

int main(int argc, char **argv) {
    u64 port = 6379, memory = 64;
    u32 address = 0;
    static struct service service = {
        .conn_bytes = sizeof(struct client),
        .in_bytes = 16 << 10,
        .out_bytes = 16 << 10,
        .max_conns = 256,
        .open = client_open,
        .close = client_close,
        .serve = client_serve,
        .grow_in = client_grow_in,
        .tick = database_tick,
    };
    const struct option options[] = {
        { "-p", OPTION_NUMBER, &port, 1, 65535 },
        { "-l", OPTION_ADDRESS, &address, 0, 0 },
        { "-m", OPTION_NUMBER, &memory, 1, 1024 }, /* MiB, then commands that need memory are refused */
        { "-c", OPTION_NUMBER, &service.max_conns, 1, 1024 },
    };
    parse_options(argc, argv, options, ARRAY_SIZE(options));
    memory_limit = memory * MIB;
    loop_init();
    info_start();
    commands_init();
    database_init();
    loop_run(&service, address, port);
}
