#include "nginx.h"

/* Skips "http://host" of an absolute target. */
static struct slice origin_form(struct slice t) {
    static const char scheme[] = "http://";
    size_t n = sizeof scheme - 1;
    if (t.length <= n || !slice_is_nocase((struct slice){ t.at, n }, scheme)) return t;
    size_t host = n;
    while (n < t.length && t.at[n] != '/' && t.at[n] != '?' && t.at[n] != '#') n++;
    return n == host ? t : (struct slice){ t.at + n, t.length - n };
}

/* The next byte of the path; -1: at its end, -2: malformed. */
static int next_byte(struct slice *t) {
    if (t->length == 0 || t->at[0] == '?' || t->at[0] == '#') return -1;
    u8 c = t->at[0];
    size_t n = 1;
    if (c == '%') {
        if (t->length < 3 || hex_digit(t->at[1]) < 0 || hex_digit(t->at[2]) < 0) return -2;
        c = (u8)(hex_digit(t->at[1]) * 16 + hex_digit(t->at[2]));
        n = 3;
    }
    t->at += n;
    t->length -= n;
    return c ? c : -2; /* NUL would cut the name short */
}

/* Decodes once, then drops empty and "." segments and goes up for ".." (RFC 3986 §5.2.4): in this order nothing slips by. */
long resolve_path(struct slice target, char *to) {
    struct slice t = origin_form(target);
    size_t root = strlen(document_root);
    memcpy(to, document_root, root);
    bool absolute = t.at != target.at;
    if ((t.length == 0 || t.at[0] != '/') && !absolute) return -1;
    size_t end = root;
    to[end++] = '/';
    size_t segment = end; /* where the current one begins */
    for (;;) {
        int c = next_byte(&t);
        if (c == -2) return -1;
        if (c >= 0 && c != '/') {
            to[end++] = (char)c;
            continue;
        }
        size_t length = end - segment;
        if (length == 2 && to[segment] == '.' && to[segment + 1] == '.') {
            if (segment == root + 1) return -1;
            end = segment - 1;
            while (to[end - 1] != '/') end--;
        } else if (length == 1 && to[segment] == '.') end = segment;
        else if (length && c == '/') to[end++] = '/';
        segment = end;
        if (c == -1) break;
    }
    to[end] = 0;
    return (long)end;
}

const char *content_type(const char *path, size_t length) {
    static const struct {
        const char *extension, *type;
    } types[] = {
        { "html", "text/html" },         { "htm", "text/html" },          { "css", "text/css" },
        { "js", "text/javascript" },     { "mjs", "text/javascript" },    { "json", "application/json" },
        { "xml", "text/xml" },           { "txt", "text/plain" },         { "md", "text/markdown" },
        { "csv", "text/csv" },           { "svg", "image/svg+xml" },      { "png", "image/png" },
        { "jpg", "image/jpeg" },         { "jpeg", "image/jpeg" },        { "gif", "image/gif" },
        { "webp", "image/webp" },        { "ico", "image/x-icon" },       { "pdf", "application/pdf" },
        { "wasm", "application/wasm" },  { "woff2", "font/woff2" },       { "mp4", "video/mp4" },
        { "gz", "application/gzip" },
    };
    size_t dot = length;
    while (dot > 0 && path[dot - 1] != '.' && path[dot - 1] != '/') dot--;
    if (dot > 0 && path[dot - 1] == '.')
        for (size_t i = 0; i < ARRAY_SIZE(types); i++)
            if (slice_is_nocase((struct slice){ (const u8 *)path + dot, length - dot }, types[i].extension)) return types[i].type;
    return "application/octet-stream";
}

size_t encode_path(const char *path, size_t length, char *to) {
    size_t n = 0;
    for (size_t i = 0; i < length; i++) {
        u8 c = (u8)path[i];
        bool plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
        for (const char *p = "-._~!$&'()*+,;=:@/"; *p && !plain; p++) plain = c == (u8)*p;
        if (plain) to[n++] = (char)c;
        else {
            to[n++] = '%';
            to[n++] = "0123456789ABCDEF"[c >> 4];
            to[n++] = "0123456789ABCDEF"[c & 15];
        }
    }
    return n;
}
