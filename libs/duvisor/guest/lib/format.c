#include "format.h"

#include "kernel/string.h"

static void put_number(void (*put)(char), u64 value, unsigned base, bool negative, int width, char pad) {
    char digits[24];
    int n = 0;
    do digits[n++] = "0123456789abcdef"[value % base];
    while (value /= base);
    if (negative && pad == '0') put('-');
    if (negative && pad == ' ') digits[n++] = '-';
    for (int i = n; i < width; i++) put(pad);
    while (n) put(digits[--n]);
}

static void put_text(void (*put)(char), const char *s, int width) {
    if (!s) s = "(null)";
    for (int i = (int)strlen(s); i < width; i++) put(' ');
    while (*s) put(*s++);
}

void format(void (*put)(char c), const char *fmt, va_list args) {
    for (; *fmt; fmt++) {
        if (*fmt != '%') {
            put(*fmt);
            continue;
        }
        char pad = ' ';
        int width = 0, longs = 0;
        if (*++fmt == '0') pad = '0';
        for (; *fmt >= '0' && *fmt <= '9'; fmt++) width = width * 10 + (*fmt - '0');
        for (; *fmt == 'l' || *fmt == 'z'; fmt++) longs++;
        switch (*fmt) {
        case 'd': {
            s64 v = longs ? va_arg(args, s64) : va_arg(args, s32);
            put_number(put, v < 0 ? -(u64)v : (u64)v, 10, v < 0, width, pad);
            break;
        }
        case 'u': put_number(put, longs ? va_arg(args, u64) : va_arg(args, u32), 10, false, width, pad); break;
        case 'x': put_number(put, longs ? va_arg(args, u64) : va_arg(args, u32), 16, false, width, pad); break;
        case 'p': put_number(put, va_arg(args, u64), 16, false, 16, '0'); break;
        case 'c': put((char)va_arg(args, int)); break;
        case 's': put_text(put, va_arg(args, const char *), width); break;
        default: put(*fmt);
        }
    }
}
