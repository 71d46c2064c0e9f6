/* Misaligned loads and stores succeed: in hardware, or by the firmware's emulation. Across a page border too. */
#include "selftest.h"

static u8 bytes[64] __attribute__((aligned(64)));

#define LOAD(insn, p) ({ s64 v_; __asm__ volatile(insn " %0, (%1)" : "=r"(v_) : "r"(p) : "memory"); v_; })
#define STORE(insn, p, v) ({ __asm__ volatile(insn " %0, (%1)" ::"r"((s64)(v)), "r"(p) : "memory"); })
/* The compressed forms need registers x8..x15. */
#define CLOAD(insn, p) ({ register s64 v_ __asm__("a0"); register u8 *p_ __asm__("a1") = (p); \
    __asm__ volatile(insn " %0, 0(%1)" : "=r"(v_) : "r"(p_) : "memory"); v_; })

static void check_at(u8 *p) {
    for (int i = 0; i < 16; i++) p[i] = (u8)(0x81 + i);
    EXPECT(LOAD("lh", p + 1), (s16)0x8382);
    EXPECT(LOAD("lhu", p + 1), 0x8382);
    EXPECT(LOAD("lw", p + 1), (s32)0x85848382);
    EXPECT(LOAD("lwu", p + 3), 0x87868584);
    EXPECT(LOAD("ld", p + 5), (s64)0x8d8c8b8a89888786);
    EXPECT(CLOAD("c.lw", p + 2), (s32)0x86858483);
    EXPECT(CLOAD("c.ld", p + 1), (s64)0x8988878685848382);
    STORE("sh", p + 1, 0x1234);
    CHECK(p[0] == 0x81 && p[1] == 0x34 && p[2] == 0x12 && p[3] == 0x84);
    STORE("sw", p + 1, 0x12345678);
    CHECK(p[1] == 0x78 && p[4] == 0x12 && p[5] == 0x86);
    STORE("sd", p + 3, 0x1122334455667788);
    CHECK(p[2] == 0x56 && p[3] == 0x88 && p[10] == 0x11 && p[11] == 0x8c);
}

void misaligned(void) {
    check_at(bytes);
    u8 *pages = (u8 *)CALL(mmap, 0, 8192, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0);
    check_at(pages + 4096 - 4);
    EXPECT(CALL(munmap, pages, 8192, 0, 0, 0, 0), 0);
    /* Neither page present: the emulated store faults them in. */
    pages = (u8 *)CALL(mmap, 0, 8192, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0);
    STORE("sd", pages + 4092, 0x1122334455667788);
    CHECK(pages[4091] == 0 && pages[4092] == 0x88 && pages[4099] == 0x11);
}
