#include "bare.h"

#include "format.h"
#include "guest_sbi.h"
#include "kernel/string.h"

static void put(char c) { sbi_call(SBI_LEGACY_PUTCHAR, 0, (u8)c); }

void say(const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    format(put, fmt, args);
    va_end(args);
}

/* The number after `key=` among the space-separated words of `args`; `missing` if there is none, false if it is no number. */
static bool argument(const char *args, const char *key, u64 missing, u64 *value) {
    size_t key_length = strlen(key);
    *value = missing;
    while (*args) {
        if (strncmp(args, key, key_length) == 0 && args[key_length] == '=') {
            const char *digits = args + key_length + 1;
            const char *end;
            *value = strtou64(digits, &end, 10);
            return end != digits && (*end == 0 || *end == ' ');
        }
        while (*args && *args != ' ') args++;
        while (*args == ' ') args++;
    }
    return true;
}

const char *boot_arguments(const struct fdt *tree) {
    int chosen = fdt_child(tree, fdt_root(tree), "chosen");
    const char *args = chosen < 0 ? 0 : fdt_property(tree, chosen, "bootargs", 0);
    return args ? args : "";
}

bool has_word(const char *args, const char *word) {
    size_t length = strlen(word);
    for (;; args++) {
        if (strncmp(args, word, length) == 0 && (args[length] == 0 || args[length] == ' ')) return true;
        while (*args && *args != ' ') args++;
        if (!*args) return false;
    }
}

bool read_counts(const struct fdt *tree, struct counts *counts) {
    const char *args = boot_arguments(tree);
    if (argument(args, "iterations", 0, &counts->iterations) && argument(args, "warmup", 0, &counts->warmup) &&
        counts->iterations > 0)
        return true;
    say("bootargs: found \"%s\", expected iterations=N [warmup=N]\n", args);
    return false;
}

void print_result(const char *name, u64 operations, u64 cycles) {
    say("result %s operations=%lu cycles=%lu\n", name, operations, cycles);
}
