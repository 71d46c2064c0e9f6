#include "fdt.h"

#include "kernel/string.h"

enum token { BEGIN_NODE = 1, END_NODE = 2, PROPERTY = 3, NOP = 4, END = 9 };

u32 fdt_cell(const void *p, unsigned i) {
    const u8 *b = (const u8 *)p + 4 * i;
    return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

u64 fdt_cell64(const void *p, unsigned i) { return (u64)fdt_cell(p, i) << 32 | fdt_cell(p, i + 1); }

bool fdt_open(struct fdt *t, const void *blob) {
    if (!blob || fdt_cell(blob, 0) != 0xd00dfeed) return false;
    t->total_size = fdt_cell(blob, 1);
    t->structs = (const u8 *)blob + fdt_cell(blob, 2);
    t->strings = (const char *)blob + fdt_cell(blob, 3);
    t->structs_size = fdt_cell(blob, 9);
    return true;
}

/* Offset of the token after the one at `at`. */
static u32 next_token(const struct fdt *t, u32 at) {
    switch (fdt_cell(t->structs + at, 0)) {
    case BEGIN_NODE: return ALIGN_UP(at + 4 + strlen((const char *)t->structs + at + 4) + 1, 4);
    case PROPERTY: return ALIGN_UP(at + 12 + fdt_cell(t->structs + at, 1), 4);
    default: return at + 4;
    }
}

static u32 token(const struct fdt *t, u32 at) { return at < t->structs_size ? fdt_cell(t->structs + at, 0) : END; }

/* The next node begun at depth 0 relative to `at`, or -1 when the enclosing node ends. */
static int node_from(const struct fdt *t, u32 at) {
    for (;; at = next_token(t, at)) {
        u32 k = token(t, at);
        if (k == BEGIN_NODE) return (int)at;
        if (k == END_NODE || k == END) return -1;
    }
}

int fdt_root(const struct fdt *t) { return node_from(t, 0); }

int fdt_first_child(const struct fdt *t, int node) { return node_from(t, next_token(t, (u32)node)); }

int fdt_next_sibling(const struct fdt *t, int node) {
    u32 at = (u32)node;
    int depth = 0;
    do {
        u32 k = token(t, at);
        if (k == BEGIN_NODE) depth++;
        if (k == END_NODE) depth--;
        if (k == END) return -1;
        at = next_token(t, at);
    } while (depth);
    return node_from(t, at);
}

const char *fdt_name(const struct fdt *t, int node) { return (const char *)t->structs + node + 4; }

int fdt_child(const struct fdt *t, int node, const char *name) {
    size_t n = strlen(name);
    for (int c = fdt_first_child(t, node); c >= 0; c = fdt_next_sibling(t, c)) {
        const char *s = fdt_name(t, c);
        if (strncmp(s, name, n) == 0 && (s[n] == 0 || s[n] == '@')) return c;
    }
    return -1;
}

const void *fdt_property(const struct fdt *t, int node, const char *name, u32 *len) {
    if (node < 0) return NULL;
    for (u32 at = next_token(t, (u32)node);; at = next_token(t, at)) {
        u32 k = token(t, at);
        if (k == NOP) continue;
        if (k != PROPERTY) return NULL;
        if (strcmp(t->strings + fdt_cell(t->structs + at, 2), name)) continue;
        if (len) *len = fdt_cell(t->structs + at, 1);
        return t->structs + at + 12;
    }
}

u64 fdt_number(const struct fdt *t, int node, const char *name, u64 missing) {
    u32 len;
    const void *p = fdt_property(t, node, name, &len);
    if (!p || len < 4) return missing;
    return len >= 8 ? fdt_cell64(p, 0) : fdt_cell(p, 0);
}
