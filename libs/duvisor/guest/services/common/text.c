#include "text.h"

#include "format.h"
#include "kernel/string.h"
#include "sys.h"

#define USAGE 2

bool slice_is(struct slice s, const char *text) {
    size_t length = strlen(text);
    return s.length == length && memcmp(s.at, text, length) == 0;
}

static u8 lower(u8 c) { return c >= 'A' && c <= 'Z' ? c | 32 : c; }

bool slice_is_nocase(struct slice s, const char *text) {
    if (s.length != strlen(text)) return false;
    for (size_t i = 0; i < s.length; i++)
        if (lower(s.at[i]) != lower((u8)text[i])) return false;
    return true;
}

bool parse_u64(struct slice s, u64 *value) {
    u64 sum = 0;
    if (s.length == 0 || s.length > 20) return false;
    for (size_t i = 0; i < s.length; i++) {
        u64 digit = (u64)s.at[i] - '0';
        if (digit > 9) return false;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum)) return false;
    }
    *value = sum;
    return true;
}

bool parse_s64(struct slice s, s64 *value) {
    u64 size;
    bool negative = s.length > 0 && s.at[0] == '-';
    if (negative) s.at++, s.length--;
    if (!parse_u64(s, &size) || size > (1ul << 63) - !negative) return false;
    *value = (s64)(negative ? -size : size);
    return true;
}

int format_u64(u8 *to, u64 value) {
    u8 digits[20];
    int n = 0;
    do digits[n++] = (u8)('0' + value % 10);
    while (value /= 10);
    for (int i = 0; i < n; i++) to[i] = digits[n - 1 - i];
    return n;
}

int format_s64(u8 *to, s64 value) {
    if (value >= 0) return format_u64(to, (u64)value);
    to[0] = '-';
    return 1 + format_u64(to + 1, -(u64)value);
}

int hex_digit(u8 c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* FNV-1a, its high bits folded down: tables are indexed by the low ones. */
u64 hash_bytes(const u8 *at, size_t length) {
    u64 hash = 0xcbf29ce484222325ul;
    for (size_t i = 0; i < length; i++) hash = (hash ^ at[i]) * 0x100000001b3ul;
    return hash ^ (hash >> 32);
}

static char message[256];
static size_t message_length;

static void put_message(char c) {
    if (message_length < sizeof message) message[message_length++] = c;
}

static void print_error(const char *fmt, va_list args) {
    message_length = 0;
    format(put_message, fmt, args);
    put_message('\n');
    sys_write(2, message, message_length);
}

void die(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    print_error(fmt, args);
    va_end(args);
    sys_exit(1);
}

_Noreturn static void usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void usage(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    print_error(fmt, args);
    va_end(args);
    sys_exit(USAGE);
}

/* 10.0.2.15, into network byte order. */
static bool parse_address(const char *text, u32 *address) {
    u8 bytes[4];
    for (int i = 0; i < 4; i++) {
        size_t length = 0;
        u64 value;
        while (text[length] && text[length] != '.') length++;
        if (!parse_u64((struct slice){ (const u8 *)text, length }, &value) || value > 255) return false;
        bytes[i] = (u8)value;
        text += length;
        if (*text != (i < 3 ? '.' : 0)) return false;
        text++;
    }
    memcpy(address, bytes, 4);
    return true;
}

static void set_option(const struct option *o, const char *value) {
    struct slice text = { (const u8 *)value, strlen(value) };
    u64 number;
    switch (o->kind) {
    case OPTION_NUMBER:
        if (!parse_u64(text, &number) || number < o->low || number > o->high)
            usage("%s: found \"%s\", expected a number from %lu to %lu", o->name, value, o->low, o->high);
        *(u64 *)o->value = number;
        break;
    case OPTION_TEXT: *(const char **)o->value = value; break;
    case OPTION_ADDRESS:
        if (!parse_address(value, o->value)) usage("%s: found \"%s\", expected an IPv4 address", o->name, value);
    }
}

void parse_options(int argc, char **argv, const struct option *options, int count) {
    for (int i = 1; i < argc; i += 2) {
        const struct option *found = NULL;
        for (int n = 0; n < count; n++)
            if (strcmp(argv[i], options[n].name) == 0) found = &options[n];
        if (!found) usage("%s: unknown option", argv[i]);
        if (i + 1 == argc) usage("%s: expected a value", argv[i]);
        set_option(found, argv[i + 1]);
    }
}
