/* Red-black tree: insertion and deletion as in Cormen et al., "Introduction to Algorithms", ch. 13, with null leaves. */
#include "kernel/rbtree.h"

static bool is_red(const struct rb_node *n) { return n && n->red; }

/* Make `new` the child of old's parent in old's place. */
static void replace(struct rb_root *root, struct rb_node *old, struct rb_node *new) {
    struct rb_node *p = old->parent;
    if (!p) root->node = new;
    else if (p->left == old) p->left = new;
    else p->right = new;
    if (new) new->parent = p;
}

static void rotate_left(struct rb_root *root, struct rb_node *x) {
    struct rb_node *y = x->right;
    x->right = y->left;
    if (y->left) y->left->parent = x;
    replace(root, x, y);
    y->left = x;
    x->parent = y;
}

static void rotate_right(struct rb_root *root, struct rb_node *x) {
    struct rb_node *y = x->left;
    x->left = y->right;
    if (y->right) y->right->parent = x;
    replace(root, x, y);
    y->right = x;
    x->parent = y;
}

void rb_insert(struct rb_root *root, struct rb_node *n, struct rb_node *parent, struct rb_node **link) {
    n->parent = parent;
    n->left = n->right = NULL;
    n->red = true;
    *link = n;
    while (is_red(n->parent)) {
        struct rb_node *p = n->parent, *g = p->parent;
        struct rb_node *uncle = p == g->left ? g->right : g->left;
        if (is_red(uncle)) {
            p->red = uncle->red = false;
            g->red = true;
            n = g;
            continue;
        }
        if (p == g->left) {
            if (n == p->right) {
                rotate_left(root, p);
                p = n;
            }
            rotate_right(root, g);
        } else {
            if (n == p->left) {
                rotate_right(root, p);
                p = n;
            }
            rotate_left(root, g);
        }
        p->red = false;
        g->red = true;
        break;
    }
    root->node->red = false;
}

/* `n` (may be null), below `parent`, lacks one black node. */
static void erase_fixup(struct rb_root *root, struct rb_node *n, struct rb_node *parent) {
    while (n != root->node && !is_red(n)) {
        bool left = parent->left == n;
        struct rb_node *s = left ? parent->right : parent->left;
        if (s->red) {
            s->red = false;
            parent->red = true;
            if (left) rotate_left(root, parent);
            else rotate_right(root, parent);
            s = left ? parent->right : parent->left;
        }
        struct rb_node *near = left ? s->left : s->right, *far = left ? s->right : s->left;
        if (!is_red(near) && !is_red(far)) {
            s->red = true;
            n = parent;
            parent = n->parent;
            continue;
        }
        if (!is_red(far)) {
            near->red = false;
            s->red = true;
            if (left) rotate_right(root, s);
            else rotate_left(root, s);
            far = s;
            s = near;
        }
        s->red = parent->red;
        parent->red = false;
        far->red = false;
        if (left) rotate_left(root, parent);
        else rotate_right(root, parent);
        n = root->node;
    }
    if (n) n->red = false;
}

void rb_erase(struct rb_root *root, struct rb_node *n) {
    struct rb_node *child, *parent;
    bool removed_red = n->red;
    if (!n->left || !n->right) {
        child = n->left ? n->left : n->right;
        parent = n->parent;
        replace(root, n, child);
    } else { /* the successor takes n's place */
        struct rb_node *s = n->right;
        while (s->left) s = s->left;
        removed_red = s->red;
        child = s->right;
        parent = s->parent;
        if (parent == n) {
            parent = s;
        } else {
            replace(root, s, child);
            s->right = n->right;
            s->right->parent = s;
        }
        replace(root, n, s);
        s->left = n->left;
        s->left->parent = s;
        s->red = n->red;
    }
    if (!removed_red && root->node) erase_fixup(root, child, parent);
}

struct rb_node *rb_first(const struct rb_root *root) {
    struct rb_node *n = root->node;
    while (n && n->left) n = n->left;
    return n;
}

struct rb_node *rb_next(const struct rb_node *n) {
    if (n->right) {
        n = n->right;
        while (n->left) n = n->left;
        return (struct rb_node *)n;
    }
    while (n->parent && n == n->parent->right) n = n->parent;
    return n->parent;
}

struct rb_node *rb_prev(const struct rb_node *n) {
    if (n->left) {
        n = n->left;
        while (n->right) n = n->right;
        return (struct rb_node *)n;
    }
    while (n->parent && n == n->parent->left) n = n->parent;
    return n->parent;
}
