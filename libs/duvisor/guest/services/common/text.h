/* Numbers and words in byte strings that carry their length; messages; the command line. */
#ifndef SERVICES_TEXT_H
#define SERVICES_TEXT_H

#include "types.h"

/* A byte string that lives elsewhere. */
struct slice {
    const u8 *at;
    size_t length;
};

/* text.c */
bool slice_is(struct slice s, const char *text);
bool slice_is_nocase(struct slice s, const char *text);
bool parse_u64(struct slice s, u64 *value); /* decimal digits only, no overflow */
bool parse_s64(struct slice s, s64 *value); /* as above with an optional '-' */
int format_u64(u8 *to, u64 value);          /* to[20]; returns the length */
int format_s64(u8 *to, s64 value);          /* to[20]; returns the length */
int hex_digit(u8 c);                        /* -1 when it is none */
u64 hash_bytes(const u8 *at, size_t length);

_Noreturn void die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An option of the command line: `name value`. */
struct option {
    const char *name;
    enum { OPTION_NUMBER, OPTION_TEXT, OPTION_ADDRESS } kind;
    void *value;   /* u64 * | const char ** | u32 * (network byte order) */
    u64 low, high; /* of a number */
};
/* Bad usage ends the process with exit code 2. */
void parse_options(int argc, char **argv, const struct option *options, int count);

#endif
