/* Numbers and messages. Strings and memory functions come from lib/. */
#include "format.h"
#include "sys.h"
#include "vmm.h"

/* Decimal only; false for anything else, and beyond 2^63. */
bool parse_number(const char *s, u64 *value) {
    u64 n = 0;
    if (!*s) return false;
    for (; *s; s++) {
    if (*s < '0' || *s > '9' || n > (~0ul >> 1) / 10 - 1) return false;
    n = n * 10 + (*s - '0');
    }
    *value = n;
    return true;
}

static struct mutex line_lock; /* the two below: any thread may have something to say */
static char line[256];
static size_t line_length;

static void put(char c) {
    if (line_length < sizeof line) line[line_length++] = c;
}

static void put_string(const char *s) {
    while (*s) put(*s++);
}

/* One line to stderr, "vmm: ...". */
static void write_message(const char *fmt, va_list args) {
    mutex_lock(&line_lock);
    line_length = 0;
    put_string("vmm: ");
    format(put, fmt, args);
    put('\n');
    sys_write(2, line, line_length);
    mutex_unlock(&line_lock);
}

void say(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_message(fmt, args);
    va_end(args);
}

void die(int code, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    write_message(fmt, args);
    va_end(args);
    sys_exit(code);
}
