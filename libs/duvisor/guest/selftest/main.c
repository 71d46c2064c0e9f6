/* `selftest <part>...`: runs the named parts in order and exits with 0 when every check held. */
#include "selftest.h"

#include "kernel/string.h"

void say(const char *text) { CALL(write, 1, text, strlen(text), 0, 0, 0); }

static void say_number(s64 value) {
    char digits[24];
    int n = sizeof(digits);
    u64 v = value < 0 ? -(u64)value : (u64)value;
    digits[--n] = 0;
    do digits[--n] = (char)('0' + v % 10);
    while (v /= 10);
    if (value < 0) digits[--n] = '-';
    say(&digits[n]);
}

void fail(const char *where, s64 value) {
    say("selftest failed: ");
    say(where);
    say(", value ");
    say_number(value);
    say("\n");
    CALL(exit_group, 1, 0, 0, 0, 0, 0);
    __builtin_unreachable();
}

u64 now_ns(void) {
    struct timespec t;
    EXPECT(CALL(clock_gettime, 1, &t, 0, 0, 0, 0), 0);
    return (u64)t.sec * 1000000000UL + (u64)t.nsec;
}

static const struct {
    const char *name;
    void (*run)(void);
} parts[] = {
    { "files", files },           { "memory", memory },         { "threads", threads },
    { "waiting", waiting },       { "misaligned", misaligned }, { "traps", traps },
    { "dv-driver", dv_driver },   { "dv-foreign", dv_foreign }, { "dv-foreign-host", dv_foreign_host },
    { "kvm", kvm },             { "disk", disk },           { "tap", tap },
    { "vplic", vplic },
};

int main(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "crash=", 6) == 0) crash(argv[i] + 6);
        bool known = false;
        for (unsigned p = 0; p < ARRAY_SIZE(parts); p++) {
            if (strcmp(argv[i], parts[p].name)) continue;
            known = true;
            parts[p].run();
            say("ok ");
            say(argv[i]);
            say("\n");
        }
        if (!known) fail(argv[i], i);
    }
    return 0;
}
