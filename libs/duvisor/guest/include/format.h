/* printf-like formatting into a character sink (lib/format.c). */
#ifndef FORMAT_H
#define FORMAT_H

#include <stdarg.h>

/* %d %u %x %c %s %p %%, with l, a field width and zero padding. */
void format(void (*put)(char c), const char *fmt, va_list args);

#endif
