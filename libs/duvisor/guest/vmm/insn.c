/*
 * Decodes the load or store that touched a device: every integer size, compressed forms included (Unprivileged ISA,
 * ch. 2, 4 and 28). Atomics, floating-point and vector accesses to devices are not emulated.
 */
#include "vmm.h"

static u32 field(u32 insn, int high, int low) { return insn >> low & ((1u << (high - low + 1)) - 1); }

/* funct3 of LOAD is 0UU ss: bits 1:0 = log2(size), bit 2 = unsigned; 111 is unused. */
static bool decode_load(u32 insn, struct mmio_insn *out) {
    u32 funct3 = field(insn, 14, 12);
    *out = (struct mmio_insn){.length = 4, .size = 1 << (funct3 & 3), .sign = funct3 < 3, .reg = field(insn, 11, 7)};
    return funct3 != 7;
}

static bool decode_store(u32 insn, struct mmio_insn *out) {
    u32 funct3 = field(insn, 14, 12);
    *out = (struct mmio_insn){.length = 4, .size = 1 << (funct3 & 3), .store = true, .reg = field(insn, 24, 20)};
    return funct3 < 4;
}

/*
 * Quadrants 0 (register base) and 2 (stack base): funct3 010 c.lw, 011 c.ld, 110 c.sw, 111 c.sd.
 * The data register is x8 + bits 4:2 in quadrant 0; in quadrant 2 it is bits 11:7 of a load, 6:2 of a store.
 */
static bool decode_compressed(u32 insn, struct mmio_insn *out) {
    u32 quadrant = field(insn, 1, 0), funct3 = field(insn, 15, 13);
    bool store = funct3 & 4;
    u8 reg = quadrant == 0 ? 8 + field(insn, 4, 2) : store ? field(insn, 6, 2) : field(insn, 11, 7);
    *out = (struct mmio_insn){.length = 2, .size = funct3 & 1 ? 8 : 4, .store = store, .sign = !store, .reg = reg};
    return quadrant != 1 && (funct3 & 2);
}

/* False if the instruction is no integer load or store. */
bool decode_mmio(u32 insn, struct mmio_insn *out) {
    if ((insn & 3) != 3) return decode_compressed(insn, out);
    switch (insn & 0x7F) {
    case 0x03: return decode_load(insn, out);
    case 0x23: return decode_store(insn, out);
    default: return false;
    }
}

/* What the load leaves in its register. */
u64 extend_loaded(const struct mmio_insn *insn, u64 value) {
    int shift = 64 - 8 * insn->size;
    return insn->sign ? (u64)((s64)(value << shift) >> shift) : value << shift >> shift;
}
