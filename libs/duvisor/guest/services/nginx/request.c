#include "nginx.h"

static bool is_token_char(u8 c) {
    if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z')) return true;
    for (const char *p = "!#$%&'*+-.^_`|~"; *p; p++)
        if (c == (u8)*p) return true;
    return false;
}

static bool is_token(struct slice s) {
    for (size_t i = 0; i < s.length; i++)
        if (!is_token_char(s.at[i])) return false;
    return s.length > 0;
}

static bool is_digit(u8 c) { return c >= '0' && c <= '9'; }

/* method SP target SP version, nothing else. */
int parse_request_line(struct slice line, struct request *r) {
    size_t first = 0, second;
    while (first < line.length && line.at[first] != ' ') first++;
    second = first + 1;
    while (second < line.length && line.at[second] != ' ') second++;
    if (second >= line.length) return 400;
    r->method = (struct slice){ line.at, first };
    r->target = (struct slice){ line.at + first + 1, second - first - 1 };
    struct slice version = { line.at + second + 1, line.length - second - 1 };
    if (!is_token(r->method) || r->target.length == 0) return 400;
    for (size_t i = 0; i < r->target.length; i++)
        if (r->target.at[i] <= ' ' || r->target.at[i] >= 0x7f) return 400;
    if (version.length != 8 || memcmp(version.at, "HTTP/", 5) != 0 || !is_digit(version.at[5]) || version.at[6] != '.' ||
        !is_digit(version.at[7]))
        return 400;
    if (version.at[5] != '1') return 505;
    r->minor = version.at[7] == '0' ? 0 : 1; /* a later 1.x is answered as 1.1 */
    r->head_only = slice_is(r->method, "HEAD");
    return 0;
}

static struct slice trim(struct slice s) {
    while (s.length && (s.at[0] == ' ' || s.at[0] == '\t')) s.at++, s.length--;
    while (s.length && (s.at[s.length - 1] == ' ' || s.at[s.length - 1] == '\t')) s.length--;
    return s;
}

static bool host_valid(struct slice s) {
    for (size_t i = 0; i < s.length; i++) {
        u8 c = s.at[i];
        bool fits = is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'z');
        for (const char *p = "-._~%!$&'()*+,;=:[]"; *p && !fits; p++) fits = c == (u8)*p;
        if (!fits) return false;
    }
    return true;
}

/* What fields say about the message's frame; each may come once. */
struct frame {
    int hosts, lengths, codings;
    bool host_bad, length_bad, coding_unknown, close, keep_alive;
};

static void connection_options(struct slice value, struct frame *f) {
    while (value.length) {
        size_t n = 0;
        while (n < value.length && value.at[n] != ',') n++;
        struct slice option = trim((struct slice){ value.at, n });
        if (slice_is_nocase(option, "close")) f->close = true;
        if (slice_is_nocase(option, "keep-alive")) f->keep_alive = true;
        n += n < value.length;
        value.at += n;
        value.length -= n;
    }
}

/* The first of several equal fields counts. */
static void keep_first(struct slice *field, struct slice value) {
    if (!field->at) *field = value;
}

static void take_field(struct request *r, struct frame *f, struct slice name, struct slice value) {
    if (slice_is_nocase(name, "host")) {
        f->hosts++;
        f->host_bad |= !host_valid(value);
    } else if (slice_is_nocase(name, "content-length")) {
        f->lengths++;
        f->length_bad |= value.length > 15 || !parse_u64(value, &r->body_bytes);
    } else if (slice_is_nocase(name, "transfer-encoding")) {
        f->codings++;
        f->coding_unknown |= !slice_is_nocase(value, "chunked");
    } else if (slice_is_nocase(name, "connection")) connection_options(value, f);
    else if (slice_is_nocase(name, "expect")) {
        if (r->continue_expected || r->expectation_unknown) return;
        r->continue_expected = slice_is_nocase(value, "100-continue");
        r->expectation_unknown = !r->continue_expected;
    } else if (slice_is_nocase(name, "range")) keep_first(&r->range, value);
    else if (slice_is_nocase(name, "if-range")) keep_first(&r->if_range, value);
    else if (slice_is_nocase(name, "if-match")) keep_first(&r->if_match, value);
    else if (slice_is_nocase(name, "if-none-match")) keep_first(&r->if_none_match, value);
    else if (slice_is_nocase(name, "if-modified-since")) keep_first(&r->if_modified_since, value);
    else if (slice_is_nocase(name, "if-unmodified-since")) keep_first(&r->if_unmodified_since, value);
}

/* A line without its end; a bare LF ends it too. False: there is none. */
static bool next_line(struct slice *rest, struct slice *line) {
    size_t n = 0;
    if (rest->length == 0) return false;
    while (rest->at[n] != '\n') n++;
    *line = (struct slice){ rest->at, n - (n > 0 && rest->at[n - 1] == '\r') };
    rest->at += n + 1;
    rest->length -= n + 1;
    return true;
}

/* name ":" value; no blank before the colon, no folded lines (RFC 9112 §5.1, §5.2). */
static bool parse_field(struct slice line, struct slice *name, struct slice *value) {
    size_t colon = 0;
    while (colon < line.length && line.at[colon] != ':') colon++;
    if (colon == line.length) return false;
    *name = (struct slice){ line.at, colon };
    *value = trim((struct slice){ line.at + colon + 1, line.length - colon - 1 });
    for (size_t i = 0; i < value->length; i++)
        if ((value->at[i] < ' ' && value->at[i] != '\t') || value->at[i] == 0x7f) return false;
    return is_token(*name);
}

/*
 * `head` ends with its empty line. Where the body ends must be beyond doubt, or another server may see another next request:
 * one length or one coding, never both (RFC 9112 §6.3, §11.2).
 */
int parse_head(struct slice head, struct request *r) {
    struct frame f = { 0 };
    struct slice line, name, value;
    next_line(&head, &line);
    int status = parse_request_line(line, r);
    if (status) return status;
    for (int fields = 0; next_line(&head, &line) && line.length; fields++) {
        if (fields == FIELDS_MAX) return 431;
        if (!parse_field(line, &name, &value)) return 400;
        take_field(r, &f, name, value);
    }
    if (f.hosts > 1 || f.host_bad || (f.hosts == 0 && r->minor == 1)) return 400;
    if (f.lengths > 1 || f.length_bad) return 400;
    if (f.codings > 1 || (f.codings && (f.lengths || r->minor == 0))) return 400;
    if (f.coding_unknown) return 501;
    r->chunked = f.codings == 1;
    r->keep_alive = !f.close && (r->minor == 1 || f.keep_alive);
    if (r->minor == 0) r->continue_expected = false; /* its clients do not wait */
    return 0;
}
