/* Commands arrive as an array of bulk strings, or inline: words on a line. */
#include "redis.h"

#define LINE_MAX (64ul << 10)
#define WORDS_MAX (1l << 20)

static enum parsed bad(struct client *c, const char *what) {
    reply_error(c, what);
    c->conn.closing = true;
    return PARSED_BAD;
}

static void add_word(struct client *c, size_t at, size_t length) {
    if (c->argc == c->words_capacity) {
        c->words_capacity = MAX(8, c->words_capacity * 2);
        c->words = heap_grow(c->words, c->words_capacity * sizeof *c->words);
    }
    c->words[c->argc++] = (struct word){ (u32)at, (u32)length };
}

/* Length up to `end`'s first appearance from c->at; -1: not there; -2: too far away. */
static long line_length(const struct client *c, u8 end) {
    const u8 *head = buf_head(&c->conn.in);
    size_t used = buf_used(&c->conn.in), at = c->at;
    while (at < used && head[at] != end) at++;
    if (at - c->at > LINE_MAX) return -2;
    return at < used ? (long)(at - c->at) : -1;
}

static bool is_space(u8 c) { return c == ' ' || (c >= '\t' && c <= '\r') || c == 0; }

static u8 escaped(u8 c) {
    switch (c) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'b': return '\b';
    case 'a': return '\a';
    default: return c;
    }
}

/* One word from *from, unquoted in place. False: the quotes do not fit together. */
static bool inline_word(struct client *c, u8 *line, size_t length, size_t *from) {
    size_t i = *from, start = i, to = i;
    while (i < length && !is_space(line[i])) {
        u8 quote = line[i];
        if (quote != '"' && quote != '\'') {
            line[to++] = line[i++];
            continue;
        }
        for (i++;; i++) {
            if (i >= length) return false;
            if (line[i] == quote) break;
            if (quote == '"' && line[i] == '\\' && i + 3 < length && line[i + 1] == 'x' && hex_digit(line[i + 2]) >= 0 &&
                hex_digit(line[i + 3]) >= 0) {
                line[to++] = (u8)(hex_digit(line[i + 2]) * 16 + hex_digit(line[i + 3]));
                i += 3;
            } else if (quote == '"' && line[i] == '\\' && i + 1 < length) line[to++] = escaped(line[++i]);
            else if (quote == '\'' && line[i] == '\\' && i + 1 < length && line[i + 1] == '\'') line[to++] = line[++i];
            else line[to++] = line[i];
        }
        /* Behind the closing quote the word ends. */
        if (++i < length && !is_space(line[i])) return false;
    }
    add_word(c, start, to - start);
    *from = i;
    return true;
}

static enum parsed parse_inline(struct client *c) {
    long length = line_length(c, '\n');
    if (length == -1) return PARSED_MORE_NEEDED;
    if (length == -2) return bad(c, "ERR Protocol error: too big inline request");
    u8 *line = buf_head(&c->conn.in);
    size_t end = (size_t)length - (length > 0 && line[length - 1] == '\r');
    c->at = (size_t)length + 1;
    for (size_t i = 0; i < end;) {
        if (is_space(line[i])) i++;
        else if (!inline_word(c, line, end, &i)) return bad(c, "ERR Protocol error: unbalanced quotes in request");
    }
    return c->argc ? PARSED_COMMAND : PARSED_NOTHING;
}

/* The number on the line at c->at, behind its first character. */
static bool line_number(const struct client *c, long length, s64 *value) {
    return parse_s64((struct slice){ buf_head(&c->conn.in) + c->at + 1, (size_t)length - 1 }, value);
}

/* Whether a whole line of `length` bytes is there with both characters of its end. */
static bool line_complete(const struct client *c, long length) {
    return length >= 0 && c->at + (size_t)length + 2 <= buf_used(&c->conn.in);
}

static enum parsed parse_word(struct client *c) {
    const u8 *head = buf_head(&c->conn.in);
    if (c->bulk_length < 0) {
        long length = line_length(c, '\r');
        if (length == -2) return bad(c, "ERR Protocol error: too big bulk count string");
        if (!line_complete(c, length)) return PARSED_MORE_NEEDED;
        if (head[c->at] != '$') {
            char text[] = "ERR Protocol error: expected '$', got '?'";
            text[sizeof text - 3] = (char)head[c->at];
            reply_error_text(c, (u8 *)text, sizeof text - 1);
            c->conn.closing = true;
            return PARSED_BAD;
        }
        if (!line_number(c, length, &c->bulk_length) || c->bulk_length < 0 || c->bulk_length > (s64)STRING_MAX)
            return bad(c, "ERR Protocol error: invalid bulk length");
        c->at += (size_t)length + 2;
    }
    if (buf_used(&c->conn.in) - c->at < (size_t)c->bulk_length + 2) return PARSED_MORE_NEEDED;
    add_word(c, c->at, (size_t)c->bulk_length);
    c->at += (size_t)c->bulk_length + 2;
    c->bulk_length = -1;
    c->words_left--;
    return PARSED_COMMAND;
}

enum parsed parse_command(struct client *c) {
    if (buf_used(&c->conn.in) == 0) return PARSED_MORE_NEEDED;
    if (c->words_left == 0) {
        if (*buf_head(&c->conn.in) != '*') return parse_inline(c);
        long length = line_length(c, '\r');
        if (length == -2) return bad(c, "ERR Protocol error: too big mbulk count string");
        if (!line_complete(c, length)) return PARSED_MORE_NEEDED;
        if (!line_number(c, length, &c->words_left) || c->words_left > WORDS_MAX)
            return bad(c, "ERR Protocol error: invalid multibulk length");
        c->at += (size_t)length + 2;
        c->bulk_length = -1;
        if (c->words_left <= 0) return PARSED_NOTHING;
    }
    while (c->words_left > 0) {
        enum parsed word = parse_word(c);
        if (word != PARSED_COMMAND) return word;
    }
    return PARSED_COMMAND;
}

void command_done(struct client *c) {
    buf_consume(&c->conn.in, c->at);
    c->at = 0;
    c->argc = 0;
    c->words_left = 0;
    if (c->words_capacity > 1024) {
        heap_free(c->words);
        c->words = NULL;
        c->words_capacity = 0;
    }
}
