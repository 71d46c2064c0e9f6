/*
 * Reader of a flattened device tree (lib/fdt.c; Devicetree Specification v0.4, ch. 5).
 * A node is its offset in the structure block.
 */
#ifndef FDT_H
#define FDT_H

#include "types.h"

struct fdt {
    const u8 *structs; /* structure block */
    const char *strings;
    u32 structs_size, total_size;
};

/* False when there is no device tree at `blob`. */
bool fdt_open(struct fdt *t, const void *blob);
/* Nodes are > 0 in all but the root (0); a negative result means "none". */
int fdt_root(const struct fdt *t);
int fdt_first_child(const struct fdt *t, int node);
int fdt_next_sibling(const struct fdt *t, int node);
/* Child by name, with or without its unit address. */
int fdt_child(const struct fdt *t, int node, const char *name);
const char *fdt_name(const struct fdt *t, int node);
/* Property value, or null; *len in bytes. */
const void *fdt_property(const struct fdt *t, int node, const char *name, u32 *len);
/* Integer of one or two cells (big endian); `missing` when absent. */
u64 fdt_number(const struct fdt *t, int node, const char *name, u64 missing);
/* Cell number `i` of 32 bits at p. */
u32 fdt_cell(const void *p, unsigned i);
/* Two cells from cell `i` on as a 64-bit number. */
u64 fdt_cell64(const void *p, unsigned i);

#endif
