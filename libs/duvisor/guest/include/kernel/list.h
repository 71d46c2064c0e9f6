/* Doubly linked circular list; the head is a node of its own. */
#ifndef KERNEL_LIST_H
#define KERNEL_LIST_H

#include "types.h"

struct list {
    struct list *next, *prev;
};

#define LIST_INIT(name) { &(name), &(name) }
#define list_entry(ptr, type, member) container_of(ptr, type, member)
#define list_for_each(pos, head) for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, tmp, head)                                                      \
    for (struct list *pos = (head)->next, *tmp = pos->next; pos != (head); pos = tmp, tmp = pos->next)

static inline void list_init(struct list *l) { l->next = l->prev = l; }
static inline bool list_empty(const struct list *l) { return l->next == l; }

static inline void list_insert(struct list *node, struct list *prev, struct list *next) {
    next->prev = node;
    node->next = next;
    node->prev = prev;
    prev->next = node;
}
static inline void list_add(struct list *head, struct list *node) { list_insert(node, head, head->next); }
static inline void list_add_tail(struct list *head, struct list *node) { list_insert(node, head->prev, head); }

/* Unlink and leave the node empty, so that a second removal is harmless. */
static inline void list_del(struct list *node) {
    node->next->prev = node->prev;
    node->prev->next = node->next;
    list_init(node);
}

#endif
