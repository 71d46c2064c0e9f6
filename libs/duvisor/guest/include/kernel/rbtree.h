/* Red-black tree (host/rbtree.c). Orders VMAs by address and timers by expiry; the user compares and links. */
#ifndef KERNEL_RBTREE_H
#define KERNEL_RBTREE_H

#include "types.h"

struct rb_node {
    struct rb_node *parent, *left, *right;
    bool red;
};

struct rb_root {
    struct rb_node *node;
};

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

/* Put `node` at `*link` (a null child pointer of `parent`, or &root->node) and restore the balance. */
void rb_insert(struct rb_root *root, struct rb_node *node, struct rb_node *parent, struct rb_node **link);
void rb_erase(struct rb_root *root, struct rb_node *node);
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

#endif
