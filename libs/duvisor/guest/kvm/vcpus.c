/*
 * The vCPUs of a VM by index: a radix tree of 64-way nodes, as Linux keeps them in an xarray. A table whose only entry has
 * index 0 is just that entry; two levels hold KVM_MAX_VCPUS. Entries are added, never removed, so readers need no lock.
 */
#include "errno.h"
#include "kernel/slab.h"
#include "kvm/kvm.h"

#define FANOUT 64
#define LEVELS 2

struct node {
    void *slots[FANOUT];
    u32 shift; /* of the index bits that select a slot */
};

/* head is a vCPU while `root` is false, else the top node. */
struct vcpu_table {
    void *head;
    bool root;
};

struct vcpu_table *vcpus_create(void) { return kzalloc(sizeof(struct vcpu_table)); }

static void node_free(struct node *node) {
    if (node->shift)
        for (int i = 0; i < FANOUT; i++)
            if (node->slots[i]) node_free(node->slots[i]);
    kfree(node);
}

void vcpus_free(struct vcpu_table *table) {
    if (table->root) node_free(table->head);
    kfree(table);
}

static struct node *node_create(u32 shift) {
    struct node *node = kzalloc(sizeof *node);
    if (node) node->shift = shift;
    return node;
}

int vcpus_add(struct vcpu_table *table, u32 index, struct kvm_vcpu *v) {
    if (!table->head && index == 0) {
        smp_store_release(&table->head, v);
        return 0;
    }
    if (!table->root) {
        struct node *top = node_create(6 * (LEVELS - 1)), *leaf = node_create(0);
        if (!top || !leaf) return -ENOMEM;
        leaf->slots[0] = table->head;
        top->slots[0] = leaf;
        table->head = top;
        table->root = true;
    }
    struct node *top = table->head;
    void **slot = &top->slots[index >> top->shift];
    if (!*slot) *slot = node_create(0);
    if (!*slot) return -ENOMEM;
    struct node *leaf = *slot;
    smp_store_release(&leaf->slots[index % FANOUT], v);
    return 0;
}

struct kvm_vcpu *vcpus_find(const struct vcpu_table *table, u32 *index) {
    if (!table->root) return *index == 0 ? READ_ONCE(table->head) : NULL;
    const struct node *top = table->head;
    for (u32 i = *index; i < KVM_MAX_VCPUS; i++) {
        const struct node *leaf = top->slots[i >> top->shift];
        if (!leaf) {
            i |= FANOUT - 1;
            continue;
        }
        if (leaf->slots[i % FANOUT]) {
            *index = i;
            return leaf->slots[i % FANOUT];
        }
    }
    return NULL;
}
