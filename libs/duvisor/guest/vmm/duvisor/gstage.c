/*
 * G-stage page table, Sv39x4 (Privileged ISA, "Two-Stage Address Translation"): three levels, 2048-entry root, 4 KiB leaves.
 * This process owns the tables and writes them without the kernel; what they may point at is checked by hardware (vPMP).
 * Tables and guest RAM do not overlap, so the guest cannot edit its own tables.
 */
#include "probe.h"
#include "csr.h"
#include "vcpu.h"

#define PAGE 4096ul
#define ROOT_BYTES (4 * PAGE)

#define PTE_V 0x01
#define PTE_TABLE PTE_V
/* U because the G-stage checks as user accesses; A and D because Rocket does not set them (dv-ext.md §5.1). */
#define PTE_RAM 0xDF /* V R W X U A D */
#define PTE_DEVICE 0xD7 /* as RAM, not executable */

#define GSTAGE_TABLE_LIMIT (32 * MIB)

static u64 pte_address(u64 pte) { return (pte >> 10) << 12; }
static u64 make_pte(u64 hpa, u64 bits) { return (hpa >> 12) << 10 | bits; }

void gstage_create(struct gstage *g, u8 *area, u64 area_hpa, u64 table_bytes, u64 ram_size) {
    *g = (struct gstage){
        .tables = area,
        .tables_hpa = area_hpa,
        .tables_used = ROOT_BYTES,
        .ram_hpa = area_hpa + table_bytes,
        .ram_size = ram_size,
    };
}

u64 gstage_hugatp(const struct gstage *g) { return HGATP_SV39X4 | g->tables_hpa >> 12; }

bool gstage_is_ram(const struct gstage *g, gpa_t gpa) { return gpa - GUEST_RAM < g->ram_size; }

static void lock(struct gstage *g) {
    while (__atomic_exchange_n(&g->lock, 1, __ATOMIC_ACQUIRE)) {}
}

static void unlock(struct gstage *g) { __atomic_store_n(&g->lock, 0, __ATOMIC_RELEASE); }

/* The table below `entry`; a new, empty one if there is none. The area is zero-filled and tables are never freed. */
static u64 *table_below(struct gstage *g, u64 *entry) {
    if (!(*entry & PTE_V)) {
        if (g->tables_used == GSTAGE_TABLE_LIMIT) die(1, "G-stage tables exceed %lu bytes", GSTAGE_TABLE_LIMIT);
        *entry = make_pte(g->tables_hpa + g->tables_used, PTE_TABLE);
        g->tables_used += PAGE;
    }
    return (u64 *)(g->tables + (pte_address(*entry) - g->tables_hpa));
}

/* An entry that is there already was made by another vCPU that faulted on the same page. Inlined: every fault on RAM pays. */
static inline __attribute__((always_inline)) void map(struct gstage *g, gpa_t gpa, u64 pte) {
    lock(g);
    PHASE(mapping);
    STEP(gstage_map);
    u64 *root = (u64 *)g->tables;
    u64 *middle = table_below(g, &root[gpa >> 30 & 2047]);
    u64 *leaves = table_below(g, &middle[gpa >> 21 & 511]);
    u64 *leaf = &leaves[gpa >> 12 & 511];
    /* Invalid entries are not cached, so no fence follows (dv-ext.md §6). */
    if (!(*leaf & PTE_V)) *leaf = pte;
    PHASE(other);
    STEP(gstage_unlock);
    unlock(g);
}

void gstage_map_ram(struct gstage *g, gpa_t gpa) { map(g, gpa, make_pte(g->ram_hpa + (gpa - GUEST_RAM), PTE_RAM)); }

void gstage_map_device(struct gstage *g, gpa_t gpa) { map(g, gpa, make_pte(gpa, PTE_DEVICE)); }
