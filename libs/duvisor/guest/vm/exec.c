/* Start of a process: a static ELF64 program of the initramfs, its stack as Linux lays it out. */
#include "vm.h"

#define STACK_TOP USER_END
#define STACK_SIZE (1UL << 20)
#define PT_LOAD 1
#define EM_RISCV 243

enum auxv { AT_NULL, AT_PAGESZ = 6, AT_ENTRY = 9, AT_RANDOM = 25 };

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    u32 type, flags; /* flags: 1 execute, 2 write, 4 read */
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

/* As copy_out, but into the new space and past its protection: its own pages, made present. */
static int fill(struct space *s, u64 to, const void *from, u64 n) {
    for (u64 done = 0; done < n;) {
        u64 chunk = MIN(n - done, PAGE_SIZE - ((to + done) & ~PAGE_MASK));
        u8 *p = user_page(s, to + done, VM_READ);
        if (!p) return -ENOMEM;
        memcpy(p, (const u8 *)from + done, chunk);
        done += chunk;
    }
    return 0;
}

static int load_segment(struct space *s, const u8 *file, u64 size, const struct elf_segment *seg) {
    if (seg->filesz > seg->memsz || seg->offset > size || seg->filesz > size - seg->offset) return -ENOEXEC;
    if (seg->vaddr < USER_BASE || seg->memsz > USER_TOP || seg->vaddr > USER_TOP - seg->memsz) return -ENOEXEC;
    u64 start = ALIGN_DOWN(seg->vaddr, PAGE_SIZE), end = ALIGN_UP(seg->vaddr + seg->memsz, PAGE_SIZE);
    u32 prot = VM_READ | (seg->flags & 2 ? VM_WRITE : 0) | (seg->flags & 1 ? VM_EXEC : 0);
    int error = space_map(s, start, end, prot);
    if (error) return error == -EEXIST ? -ENOEXEC : error; /* two segments in one page */
    if (end > s->brk_start) s->brk_start = s->brk = end;
    return fill(s, seg->vaddr, file + seg->offset, seg->filesz);
}

/* argc, argv, no environment, auxv; behind them the texts. Sets the frame's sp. */
static int build_stack(struct process *p, u64 entry, char *const argv[], u32 argc) {
    u64 words[64 + 16], at = STACK_TOP - 16;
    u64 random[2] = { boot_random(2 * p->pid + 1, ~0UL), boot_random(2 * p->pid + 2, ~0UL) };
    int error = fill(&p->space, at, random, sizeof(random));
    u64 random_at = at;
    u32 n = 0;
    if (argc > 64) return -E2BIG;
    words[n++] = argc;
    for (u32 i = 0; i < argc && !error; i++) {
        at -= strlen(argv[i]) + 1;
        error = fill(&p->space, at, argv[i], strlen(argv[i]) + 1);
        words[n++] = at;
    }
    const u64 rest[] = { 0, 0, AT_PAGESZ, PAGE_SIZE, AT_ENTRY, entry, AT_RANDOM, random_at, AT_NULL, 0 };
    for (u32 i = 0; i < ARRAY_SIZE(rest); i++) words[n++] = rest[i];
    at = ALIGN_DOWN(at - n * sizeof(u64), 16);
    if (!error) error = fill(&p->space, at, words, n * sizeof(u64));
    process_frame(p)->x[2] = at;
    return error;
}

int exec_load(struct process *p, char *const argv[], u32 argc) {
    const u8 *file;
    u64 size;
    if (!initramfs_find(argv[0], &file, &size)) return -ENOENT;
    const struct elf_header *h = (const struct elf_header *)file;
    if (size < sizeof(*h) || memcmp(h->ident, "\177ELF\2\1", 6) || h->type != 2 || h->machine != EM_RISCV ||
        h->phentsize != sizeof(struct elf_segment) || h->phoff > size || (u64)h->phnum * h->phentsize > size - h->phoff)
        return -ENOEXEC;
    for (u32 i = 0; i < h->phnum; i++) {
        struct elf_segment seg;
        memcpy(&seg, file + h->phoff + i * sizeof(seg), sizeof(seg));
        if (seg.type != PT_LOAD || seg.memsz == 0) continue;
        int error = load_segment(&p->space, file, size, &seg);
        if (error) return error;
    }
    int error = space_map(&p->space, STACK_TOP - STACK_SIZE, STACK_TOP, VM_READ | VM_WRITE);
    if (error) return error;
    process_frame(p)->x[0] = h->entry;
    error = build_stack(p, h->entry, argv, argc);
    if (error) return error;
    __asm__ volatile("fence.i" ::: "memory");
    return console_descriptors(p);
}
