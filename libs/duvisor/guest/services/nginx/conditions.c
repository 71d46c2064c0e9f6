#include "nginx.h"

static size_t put_hex(char *to, u64 value) {
    char digits[16];
    size_t n = 0, length;
    do digits[n++] = "0123456789abcdef"[value & 15];
    while (value >>= 4);
    for (length = n; n; n--) *to++ = digits[n - 1];
    return length;
}

/* Strong: time of change and size. */
size_t format_etag(const struct answer *a, char *to) {
    size_t n = 0;
    to[n++] = '"';
    n += put_hex(to + n, (u64)a->modified);
    to[n++] = '-';
    n += put_hex(to + n, a->size);
    to[n++] = '"';
    return n;
}

static bool same_etag(const struct answer *a, struct slice text) {
    char tag[40];
    size_t length = format_etag(a, tag);
    return text.length == length && memcmp(text.at, tag, length) == 0;
}

/* Whether a list of entity tags names the file's (RFC 9110 §8.8.3.2); what follows something malformed does not count. */
static bool tag_listed(struct slice list, const struct answer *a, bool weak_counts) {
    if (slice_is(list, "*")) return true;
    size_t i = 0;
    for (;;) {
        while (i < list.length && (list.at[i] == ' ' || list.at[i] == '\t' || list.at[i] == ',')) i++;
        bool weak = i + 1 < list.length && list.at[i] == 'W' && list.at[i + 1] == '/';
        if (weak) i += 2;
        size_t start = i;
        if (i >= list.length || list.at[i] != '"') return false;
        for (i++; i < list.length && list.at[i] != '"'; i++)
            if (list.at[i] <= ' ' || list.at[i] == 0x7f) return false;
        if (i == list.length) return false;
        struct slice tag = { list.at + start, ++i - start };
        while (i < list.length && (list.at[i] == ' ' || list.at[i] == '\t')) i++;
        if (i < list.length && list.at[i] != ',') return false;
        if ((weak_counts || !weak) && same_etag(a, tag)) return true;
    }
}

/* In the order of RFC 9110 §13.2.2. */
int check_conditions(const struct request *r, const struct answer *a) {
    s64 date;
    if (r->if_match.at) {
        if (!tag_listed(r->if_match, a, false)) return 412;
    } else if (r->if_unmodified_since.at && parse_date(r->if_unmodified_since, &date) && a->modified > date) return 412;
    if (r->if_none_match.at) return tag_listed(r->if_none_match, a, true) ? 304 : 0;
    if (r->if_modified_since.at && parse_date(r->if_modified_since, &date) && a->modified <= date) return 304;
    return 0;
}

static bool range_applies(const struct request *r, const struct answer *a) {
    char date[DATE_LENGTH];
    if (!r->range.at || !slice_is(r->method, "GET")) return false;
    if (!r->if_range.at || same_etag(a, r->if_range)) return true;
    format_date(a->modified, date);
    return r->if_range.length == DATE_LENGTH && memcmp(r->if_range.at, date, DATE_LENGTH) == 0;
}

/* One of "5-9", "5-", "-5". False: malformed. *found: it lies, at least in part, in the file. */
static bool parse_range(struct slice s, u64 size, struct range *range, bool *found) {
    size_t dash = 0;
    u64 from = 0, to = 0;
    while (dash < s.length && s.at[dash] != '-') dash++;
    struct slice first = { s.at, dash }, last = { s.at + dash + 1, s.length - dash - 1 };
    if (dash == s.length || (first.length == 0 && last.length == 0) || first.length > 15 || last.length > 15) return false;
    if ((first.length && !parse_u64(first, &from)) || (last.length && !parse_u64(last, &to))) return false;
    if (first.length && last.length && to < from) return false;
    if (first.length == 0) {
        *found = to > 0 && size > 0;
        range->first = size - MIN(to, size);
        range->last = size - 1;
    } else {
        *found = from < size;
        range->first = from;
        range->last = last.length ? MIN(to, size - 1) : size - 1;
    }
    return true;
}

int select_ranges(const struct request *r, struct answer *a) {
    static const char unit[] = "bytes=";
    struct slice list = r->range;
    size_t n = sizeof unit - 1;
    u64 total = 0;
    int specs = 0;
    if (!range_applies(r, a) || list.length < n || !slice_is_nocase((struct slice){ list.at, n }, unit)) return 200;
    a->range_count = 0;
    for (size_t i = n; i <= list.length; i++) {
        size_t start = i;
        while (i < list.length && list.at[i] != ',') i++;
        struct slice spec = { list.at + start, i - start };
        while (spec.length && (spec.at[0] == ' ' || spec.at[0] == '\t')) spec.at++, spec.length--;
        while (spec.length && (spec.at[spec.length - 1] == ' ' || spec.at[spec.length - 1] == '\t')) spec.length--;
        if (spec.length == 0) continue;
        struct range range;
        bool found;
        if (++specs > RANGES_MAX || !parse_range(spec, a->size, &range, &found)) goto whole;
        if (!found) continue;
        a->ranges[a->range_count++] = range;
        total += range.last - range.first + 1;
    }
    /* More bytes than the file has: overlapping ranges would make a small request a large reply. */
    if (specs == 0 || total > a->size) goto whole;
    return a->range_count ? 206 : 416;
whole:
    a->range_count = 0;
    return 200;
}
