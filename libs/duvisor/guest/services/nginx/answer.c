#include "nginx.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {
    { 200, "OK" },
    { 206, "Partial Content" },
    { 301, "Moved Permanently" },
    { 304, "Not Modified" },
    { 400, "Bad Request" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 408, "Request Timeout" },
    { 412, "Precondition Failed" },
    { 413, "Content Too Large" },
    { 414, "URI Too Long" },
    { 416, "Range Not Satisfiable" },
    { 417, "Expectation Failed" },
    { 431, "Request Header Fields Too Large" },
    { 500, "Internal Server Error" },
    { 501, "Not Implemented" },
    { 503, "Service Unavailable" },
    { 505, "HTTP Version Not Supported" },
};

static const char *reason_of(int status) {
    for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
        if (reasons[i].status == status) return reasons[i].reason;
    return "Unknown";
}

/* --- what to answer --- */

static int status_of_error(int error) {
    switch (-error) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP: return 404;
    case EACCES:
    case EPERM: return 403;
    case EMFILE:
    case ENOMEM: return 503;
    default: return 500;
    }
}

static bool is_folder(const char *path) {
    struct stat st;
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0) return fd == -EISDIR;
    bool folder = sys_fstat(fd, &st) == 0 && (st.mode & S_IFMT) == S_IFDIR;
    sys_close(fd);
    return folder;
}

/* Opens the file that a path names: 0, or the status that says why not. */
static int open_file(struct answer *a, struct slice target) {
    static char path[PATH_MAX], location[3 * PATH_MAX];
    static const char index[] = "index.html";
    struct stat st;
    long length = resolve_path(target, path);
    if (length < 0) return 400;
    size_t root = strlen(document_root);
    bool folder = path[length - 1] == '/';
    if (folder) memcpy(path + length, index, sizeof index);
    int fd = sys_open(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0 && folder) {
        int status = status_of_error(fd);
        path[length] = 0;
        return status == 404 && is_folder(path) ? 403 : status;
    }
    if (fd < 0 && fd != -EISDIR) return status_of_error(fd);
    if (fd >= 0) {
        int failed = sys_fstat(fd, &st);
        if (!failed && (st.mode & S_IFMT) == S_IFREG) {
            a->file = fd;
            a->size = (u64)st.size;
            a->modified = st.mtime.seconds;
            a->type = content_type(path, strlen(path));
            return 0;
        }
        sys_close(fd);
        if (failed) return 500;
        if ((st.mode & S_IFMT) != S_IFDIR || folder) return 403;
    }
    /* A folder without its slash: links in its index would be relative to the wrong place. */
    size_t n = encode_path(path + root, (size_t)length - root, location);
    location[n++] = '/';
    a->location = (struct slice){ (u8 *)location, n };
    return 301;
}

static int choose(struct answer *a, const struct request *r) {
    static const char *const others[] = { "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT" };
    if (r->expectation_unknown) return 417;
    if (r->body_bytes > BODY_MAX) return 413;
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (slice_is(r->method, others[i])) return 405;
    if (!slice_is(r->method, "GET") && !r->head_only) return 501;
    int status = open_file(a, r->target);
    if (!status) status = check_conditions(r, a);
    return status ? status : select_ranges(r, a);
}

void decide(struct client *c, const struct request *r) {
    struct answer *a = &c->answer;
    *a = (struct answer){ .file = -1, .head_only = r->head_only };
    a->status = choose(a, r);
    /* Whoever waits for our consent may send the body or not: the next request could not be found. */
    bool body = r->chunked || r->body_bytes > 0;
    a->close = !r->keep_alive || a->status == 413 || a->status == 417 ||
               (body && r->continue_expected && a->status >= 400);
}

void drop_answer(struct client *c) {
    if (c->answer.file >= 0) sys_close(c->answer.file);
    c->answer.file = -1;
    c->sending = false;
}

void refuse(struct client *c, int status, bool head_only) {
    drop_answer(c);
    c->answer = (struct answer){ .status = status, .head_only = head_only, .close = true, .file = -1 };
    put_answer(c);
}

/* --- how to say it --- */

static void put_field(struct buffer *out, const char *name, const char *value) {
    buf_text(out, name);
    buf_text(out, ": ");
    buf_text(out, value);
    buf_text(out, "\r\n");
}

static void put_field_u64(struct buffer *out, const char *name, u64 value) {
    buf_text(out, name);
    buf_text(out, ": ");
    buf_u64(out, value);
    buf_text(out, "\r\n");
}

static void put_validators(struct buffer *out, const struct answer *a) {
    char text[40];
    buf_text(out, "Last-Modified: ");
    format_date(a->modified, text);
    buf_put(out, text, DATE_LENGTH);
    buf_text(out, "\r\nETag: ");
    buf_put(out, text, format_etag(a, text));
    buf_text(out, "\r\n");
}

static void put_content_range(struct buffer *out, const struct range *range, u64 size) {
    buf_text(out, "Content-Range: bytes ");
    if (range) {
        buf_u64(out, range->first);
        buf_put(out, "-", 1);
        buf_u64(out, range->last);
    } else buf_put(out, "*", 1);
    buf_put(out, "/", 1);
    buf_u64(out, size);
    buf_text(out, "\r\n");
}

/* Twenty digits: no file of this kind is likely to hold them at the beginning of a line. */
static void put_boundary(struct buffer *out, u64 boundary) {
    u8 digits[20];
    size_t n = (size_t)format_u64(digits, boundary);
    buf_put(out, "00000000000000000000", 20 - n);
    buf_put(out, digits, n);
}

static void put_part_head(struct buffer *out, const struct client *c, int part) {
    buf_text(out, "\r\n--");
    put_boundary(out, c->boundary);
    if (part == c->answer.range_count) {
        buf_text(out, "--\r\n");
        return;
    }
    buf_text(out, "\r\n");
    put_field(out, "Content-Type", c->answer.type);
    put_content_range(out, &c->answer.ranges[part], c->answer.size);
    buf_text(out, "\r\n");
}

static u64 multipart_length(const struct client *c) {
    u8 scratch[512];
    u64 length = 0;
    for (int part = 0; part <= c->answer.range_count; part++) {
        struct buffer b = { scratch, 0, 0, sizeof scratch };
        put_part_head(&b, c, part);
        length += b.end;
        if (part < c->answer.range_count) length += c->answer.ranges[part].last - c->answer.ranges[part].first + 1;
    }
    return length;
}

/* The fields and, for anything but a file, the body. */
static void put_file_fields(struct client *c) {
    static u64 boundaries;
    struct buffer *out = &c->conn.out;
    struct answer *a = &c->answer;
    put_validators(out, a);
    if (a->status == 304) return;
    put_field(out, "Accept-Ranges", "bytes");
    if (a->range_count > 1) {
        c->boundary = ++boundaries;
        buf_text(out, "Content-Type: multipart/byteranges; boundary=");
        put_boundary(out, c->boundary);
        buf_text(out, "\r\n");
        put_field_u64(out, "Content-Length", multipart_length(c));
    } else {
        put_field(out, "Content-Type", a->type);
        const struct range *range = a->range_count ? &a->ranges[0] : NULL;
        if (range) put_content_range(out, range, a->size);
        put_field_u64(out, "Content-Length", range ? range->last - range->first + 1 : a->size);
    }
}

static void put_page(struct buffer *out, int status, bool head_only) {
    u8 page[256];
    struct buffer b = { page, 0, 0, sizeof page };
    const char *parts[] = { "<!DOCTYPE html><title>", "</title><h1>", "</h1>\n" };
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        buf_text(&b, parts[i]);
        if (i == 2) break;
        buf_u64(&b, (u64)status);
        buf_put(&b, " ", 1);
        buf_text(&b, reason_of(status));
    }
    put_field(out, "Content-Type", "text/html");
    put_field_u64(out, "Content-Length", b.end);
    buf_text(out, "\r\n");
    if (!head_only) buf_put(out, page, b.end);
}

void put_answer(struct client *c) {
    struct buffer *out = &c->conn.out;
    struct answer *a = &c->answer;
    bool of_file = a->status == 200 || a->status == 206 || a->status == 304;
    buf_text(out, "HTTP/1.1 ");
    buf_u64(out, (u64)a->status);
    buf_put(out, " ", 1);
    buf_text(out, reason_of(a->status));
    buf_text(out, "\r\n");
    put_field(out, "Server", "duvisor-nginx");
    put_field(out, "Date", current_date());
    put_field(out, "Connection", a->close ? "close" : "keep-alive");
    if (a->status == 405) put_field(out, "Allow", "GET, HEAD");
    if (a->status == 416) put_content_range(out, NULL, a->size);
    if (a->status == 301) {
        buf_text(out, "Location: ");
        buf_put(out, a->location.at, a->location.length);
        buf_text(out, "\r\n");
    }
    if (of_file) {
        put_file_fields(c);
        buf_text(out, "\r\n");
    } else put_page(out, a->status, a->head_only);
    c->conn.closing = a->close;
    c->sending = of_file && a->status != 304 && !a->head_only;
    if (!c->sending) {
        drop_answer(c);
        return;
    }
    c->part = 0;
    c->at = a->range_count ? a->ranges[0].first : 0;
    c->left = a->range_count ? a->ranges[0].last - a->ranges[0].first + 1 : a->size;
    if (a->range_count > 1) put_part_head(out, c, 0);
}

/* Bytes of the file, part by part, from the kernel's pages into the socket. */
enum sent send_file(struct conn *conn) {
    struct client *c = container_of(conn, struct client, conn);
    struct answer *a = &c->answer;
    while (c->sending) {
        if (c->left) {
            long n = sys_sendfile(conn->fd, a->file, &c->at, c->left);
            if (n == -EINTR) continue;
            if (n == -EAGAIN) return SENT_BLOCKED;
            if (n <= 0) return SENT_BROKEN; /* also a file that became shorter: its length is promised */
            c->left -= (u64)n;
            loop_stats.bytes_written += (u64)n;
            conn->deadline = now_ms + timeout_ms;
        } else if (a->range_count > 1 && c->part < a->range_count) {
            put_part_head(&conn->out, c, ++c->part);
            if (c->part < a->range_count) {
                c->at = a->ranges[c->part].first;
                c->left = a->ranges[c->part].last - c->at + 1;
            }
            enum sent sent = send_buffer(conn->fd, &conn->out);
            if (sent != SENT_ALL) return sent;
        } else drop_answer(c);
    }
    return SENT_ALL;
}
