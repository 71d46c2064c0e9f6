/*
 * Misaligned integer loads and stores, byte by byte, for machines that trap them. Any fault of a byte is handed on as
 * the fault of the instruction. Forms: RV64I loads and stores, and their C counterparts (Unprivileged ISA, ch. 2, 4, 18).
 */
#include "firmware.h"

struct access {
    bool store;
    bool sign;
    u8 bytes, reg, length; /* length: of the instruction, 2 or 4 */
};

/* Any other instruction (AMO, LR/SC) is not emulated. */
static bool decode32(u32 insn, struct access *a) {
    u32 opcode = insn & 0x7f, funct3 = insn >> 12 & 7;
    a->length = 4;
    a->bytes = (u8)(1 << (funct3 & 3));
    if (opcode == 0x03 && funct3 != 7) {
        a->store = false;
        a->sign = !(funct3 & 4);
        a->reg = insn >> 7 & 31;
        return true;
    }
    if (opcode == 0x23 && funct3 <= 3) {
        a->store = true;
        a->reg = insn >> 20 & 31;
        return true;
    }
    return false;
}

static bool decode16(u32 insn, struct access *a) {
    u32 funct3 = insn >> 13 & 7, quadrant = insn & 3;
    a->length = 2;
    a->sign = true;
    a->store = funct3 & 4;
    a->bytes = funct3 & 1 ? 8 : 4; /* 2, 6: word; 3, 7: double word */
    if ((funct3 & 3) < 2) return false;
    if (quadrant == 0) a->reg = 8 + (insn >> 2 & 7);
    else if (quadrant == 2) a->reg = a->store ? insn >> 2 & 31 : insn >> 7 & 31;
    else return false;
    return true;
}

static u32 fetch(u64 epc, struct trap_info *fault) {
    u32 low = (u32)unprivileged_fetch_half(epc, fault);
    if (fault->cause != ~0UL || (low & 3) != 3) return low;
    return low | (u32)unprivileged_fetch_half(epc + 2, fault) << 16;
}

void emulate_misaligned(struct frame *f, struct trap_info *t) {
    struct trap_info fault;
    struct access a;
    u32 insn = fetch(f->epc, &fault);
    if (fault.cause != ~0UL) return redirect_trap(f, &fault);
    if (!((insn & 3) == 3 ? decode32(insn, &a) : decode16(insn, &a))) return redirect_trap(f, t);

    u64 value = a.store ? f->x[a.reg] : 0;
    for (u32 i = 0; i < a.bytes; i++) {
        if (a.store) unprivileged_store_byte(t->tval + i, value >> (8 * i) & 0xff, &fault);
        else value |= unprivileged_load_byte(t->tval + i, &fault) << (8 * i);
        if (fault.cause != ~0UL) return redirect_trap(f, &fault);
    }
    if (!a.store && a.reg) {
        u32 unused = 64 - 8 * a.bytes;
        f->x[a.reg] = a.sign ? (u64)((s64)(value << unused) >> unused) : value;
    }
    f->epc += a.length;
}
