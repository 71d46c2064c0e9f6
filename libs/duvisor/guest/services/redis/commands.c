#include "redis.h"

struct command {
    const char *name;
    int arity;         /* words; negative: at least so many */
    bool needs_memory; /* refused when the limit is reached */
    void (*run)(struct client *c);
};

#define ROW(name, arity, denied) { #name, arity, denied, do_##name },
static const struct command commands[] = { COMMANDS(ROW) };
#undef ROW

/* By hash of the name in lower case, open addressing. */
#define SLOTS 256
static const struct command *slots[SLOTS];
struct server_stats server_stats;

u64 command_count(void) { return ARRAY_SIZE(commands); }

static const struct command **slot_of(struct slice name) {
    u64 hash = 0;
    for (size_t i = 0; i < name.length; i++) hash = hash * 31 + (name.at[i] | 32);
    u64 at = hash % SLOTS;
    while (slots[at] && !slice_is_nocase(name, slots[at]->name)) at = (at + 1) % SLOTS;
    return &slots[at];
}

void commands_init(void) {
    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        struct slice name = { (const u8 *)commands[i].name, strlen(commands[i].name) };
        *slot_of(name) = &commands[i];
    }
}

/* As a C string is printed: until the first NUL. */
static void put_word(struct buffer *b, struct slice word, size_t limit) {
    buf_put(b, word.at, strnlen((const char *)word.at, MIN(word.length, limit)));
}

static void reply_unknown(struct client *c) {
    u8 text[512];
    struct buffer b = { text, 0, 0, sizeof text };
    buf_text(&b, "ERR unknown command '");
    put_word(&b, arg(c, 0), 128);
    buf_text(&b, "', with args beginning with: ");
    size_t args = b.end;
    for (u32 i = 1; i < c->argc && b.end - args < 128; i++) {
        size_t left = 128 - (b.end - args);
        buf_text(&b, "'");
        put_word(&b, arg(c, i), left);
        buf_text(&b, "' ");
    }
    reply_error_text(c, text, b.end);
}

void execute(struct client *c) {
    const struct command *command = *slot_of(arg(c, 0));
    server_stats.commands++;
    if (!command) reply_unknown(c);
    else if (command->arity >= 0 ? c->argc != (u32)command->arity : c->argc < (u32)-command->arity)
        reply_error_arity(c, (struct slice){ (const u8 *)command->name, strlen(command->name) });
    else if (command->needs_memory && heap_used > memory_limit)
        reply_error(c, "OOM command not allowed when used memory > 'maxmemory'.");
    else command->run(c);
}

bool arg_integer(struct client *c, u32 i, s64 *value) {
    struct slice text = arg(c, i);
    /* Only the shortest spelling of a number counts. */
    bool zeros = text.length > 1 && (text.at[0] == '0' || (text.at[0] == '-' && text.at[1] == '0'));
    if (!zeros && parse_s64(text, value)) return true;
    reply_error(c, ERROR_INTEGER);
    return false;
}

bool arg_count(struct client *c, u32 i, u64 *value) {
    struct slice text = arg(c, i);
    if ((text.length < 2 || text.at[0] != '0') && parse_u64(text, value) && *value >> 63 == 0) return true;
    reply_error(c, "ERR value is out of range, must be positive");
    return false;
}
