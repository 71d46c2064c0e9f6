#include "nginx.h"

const char *document_root = "/disk";
u64 timeout_ms = 60000;

/* The head's length with its empty line; 0: not there yet. */
static size_t head_length(const struct buffer *in) {
    const u8 *head = buf_head(in);
    size_t used = buf_used(in), line = 0;
    for (size_t i = 0; i < used; i++) {
        if (head[i] != '\n') continue;
        if (i == line || (i == line + 1 && head[line] == '\r')) return i + 1;
        line = i + 1;
    }
    return 0;
}

/* Empty lines before a request are no request (RFC 9112 §2.2). */
static void skip_empty_lines(struct buffer *in) {
    while (buf_used(in) && (*buf_head(in) == '\n' || *buf_head(in) == '\r')) {
        bool pair = *buf_head(in) == '\r';
        if (pair && (buf_used(in) < 2 || buf_head(in)[1] != '\n')) return;
        buf_consume(in, 1 + pair);
    }
}

/* A request line that is wrong is told before the rest is there. Returns the status, 0 when all is well so far. */
static int check_line(struct client *c) {
    const struct buffer *in = &c->conn.in;
    struct request r = { 0 };
    const u8 *head = buf_head(in);
    size_t length = 0, used = buf_used(in);
    if (c->line_checked) return 0;
    while (length < used && length <= REQUEST_LINE_MAX && head[length] != '\n') length++;
    if (length > REQUEST_LINE_MAX) return 414;
    if (length == used) return 0;
    c->line_checked = true;
    return parse_request_line((struct slice){ head, length - (length > 0 && head[length - 1] == '\r') }, &r);
}

/* False: more input is needed. */
static bool serve_head(struct client *c) {
    struct buffer *in = &c->conn.in;
    struct request r = { 0 };
    if (!c->line_checked) skip_empty_lines(in);
    if (buf_used(in) == 0) return false;
    if (!c->asking) c->conn.deadline = now_ms + timeout_ms;
    c->asking = true;
    int status = check_line(c);
    size_t length = status ? 0 : head_length(in);
    if (!status && !length) {
        if (buf_used(in) < HEAD_MAX) return false;
        status = 431;
    }
    if (!status) status = parse_head((struct slice){ buf_head(in), length }, &r);
    c->line_checked = false;
    if (status) {
        refuse(c, status, r.head_only);
        return true;
    }
    decide(c, &r);
    buf_consume(in, length);
    c->chunked = r.chunked;
    c->chunk = CHUNK_SIZE;
    c->body_left = r.chunked ? 0 : r.body_bytes;
    c->body_seen = c->trailer_bytes = 0;
    bool body = r.chunked || r.body_bytes;
    bool now = !body || c->answer.status == 413 || (r.continue_expected && c->answer.close && c->answer.status >= 400);
    if (!now && r.continue_expected) buf_text(&c->conn.out, "HTTP/1.1 100 Continue\r\n\r\n");
    c->stage = now ? STAGE_ANSWER : STAGE_BODY;
    return true;
}

static bool client_serve(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    for (;;) {
        if (c->stage == STAGE_HEAD) {
            if (!serve_head(c)) {
                if (!c->asking) conn->deadline = now_ms + timeout_ms;
                return false;
            }
            if (conn->closing) return true;
        } else if (c->stage == STAGE_BODY) {
            int taken = take_body(c);
            if (taken == 0) return buf_used(&conn->out) > 0;
            if (taken < 0) {
                refuse(c, -taken, c->answer.head_only);
                return true;
            }
            c->stage = STAGE_ANSWER;
        } else {
            put_answer(c);
            c->stage = STAGE_HEAD;
            c->asking = false;
            conn->deadline = now_ms + timeout_ms;
            return true;
        }
    }
}

/* A peer that began a request and does not go on is told so; one that is silent or does not read is left. */
static void client_timeout(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    if (c->asking && buf_used(&conn->out) == 0 && !c->sending) refuse(c, 408, false);
    else conn->broken = true;
}

static void client_open(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    c->answer.file = -1;
    conn->deadline = now_ms + timeout_ms;
}

static void client_close(struct conn *conn) { drop_answer(container_of(conn, struct client, conn)); }

int main(int argc, char **argv) {
    u64 port = 80, timeout = timeout_ms / 1000;
    u32 address = 0;
    static struct service service = {
        .conn_bytes = sizeof(struct client),
        .in_bytes = HEAD_MAX,
        .out_bytes = 24 << 10, /* the longest head: a Location with every byte encoded */
        .max_conns = 256,
        .open = client_open,
        .close = client_close,
        .serve = client_serve,
        .send_more = send_file,
        .timeout = client_timeout,
    };
    const struct option options[] = {
        { "-p", OPTION_NUMBER, &port, 1, 65535 },
        { "-l", OPTION_ADDRESS, &address, 0, 0 },
        { "--root", OPTION_TEXT, &document_root, 0, 0 },
        { "-t", OPTION_NUMBER, &timeout, 1, 3600 }, /* seconds that a request or a pause may take */
        { "-c", OPTION_NUMBER, &service.max_conns, 1, 1024 },
    };
    parse_options(argc, argv, options, ARRAY_SIZE(options));
    if (strlen(document_root) > PATH_MAX - REQUEST_LINE_MAX - 16) die("--root: longer than %d bytes", PATH_MAX - REQUEST_LINE_MAX - 16);
    timeout_ms = timeout * 1000;
    loop_init();
    loop_run(&service, address, port);
}
