/* Start of the init process: a static ELF64 program from the initramfs, its stack as Linux lays it out. */
#include "errno.h"
#include "kernel.h"

#define STACK_TOP (USER_TOP - PAGE_SIZE)
#define STACK_SIZE (1UL << 20)
#define MAX_ARGS 64
#define MAX_ARG_BYTES 2048

#define PT_LOAD 1
#define PF_X 1
#define PF_W 2
#define PF_R 4

enum auxv { AT_NULL, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_RANDOM = 25 };

struct elf_header {
    u8 ident[16];
    u16 type, machine;
    u32 version;
    u64 entry, phoff, shoff;
    u32 flags;
    u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    u32 type, flags;
    u64 offset, vaddr, paddr, filesz, memsz, align;
};

static bool is_elf(const struct initramfs_file *file, const struct elf_header *h) {
    return file->size >= sizeof(*h) && memcmp(h->ident, "\177ELF\2\1", 6) == 0 && h->type == 2 && h->machine == 243 &&
           h->phentsize == sizeof(struct elf_segment) && h->phoff + (u64)h->phnum * h->phentsize <= file->size;
}

static int map_segment(struct mm *mm, struct file *f, const struct elf_segment *s) {
    u64 skip = s->vaddr & ~PAGE_MASK, start = s->vaddr - skip, end = ALIGN_UP(s->vaddr + s->memsz, PAGE_SIZE);
    u64 flags = (s->flags & PF_R ? VM_READ : 0) | (s->flags & PF_W ? VM_WRITE : 0) | (s->flags & PF_X ? VM_EXEC : 0);
    if (end > STACK_TOP - STACK_SIZE || start >= end || s->filesz > s->memsz || s->offset < skip) return -ENOEXEC;
    struct vma *clash = find_vma(mm, start);
    if (clash && clash->start < end) return -ENOEXEC; /* two segments in one page */
    if (s->filesz == 0) f = NULL;
    return mm_add_vma(mm, start, end, flags, f, f ? s->offset - skip : 0, f ? s->filesz + skip : 0) ? 0 : -ENOMEM;
}

/* Words of `args`; double quotes group. Returns their number, texts back to back in `out`. */
static int split_words(const char *path, const char *args, char *out, u32 *offsets) {
    u32 n = 0, at = 0;
    for (const char *p = path;; ) { /* the first word is the path */
        if (n == MAX_ARGS) return -E2BIG;
        offsets[n++] = at;
        bool quoted = false;
        for (; *p && (quoted || *p != ' ' || p < path); p++) {
            if (at + 2 > MAX_ARG_BYTES) return -E2BIG;
            if (*p == '"') quoted = !quoted;
            else out[at++] = *p;
        }
        out[at++] = 0;
        if (n == 1) p = args;
        while (*p == ' ') p++;
        if (!*p) return (int)n;
    }
}

/* argc, argv, envp, auxv and behind them the texts. Returns the stack pointer, 0 when it cannot be written. */
static u64 build_stack(const struct elf_header *h, u64 phdr, const char *path, const char *args) {
    static char text[MAX_ARG_BYTES];
    static u32 offsets[MAX_ARGS];
    int argc = split_words(path, args, text, offsets);
    if (argc < 0) return 0;
    u64 text_at = STACK_TOP - MAX_ARG_BYTES, random_at = text_at - 16;
    u64 random[2] = { boot_random(3, ~0UL), boot_random(4, ~0UL) };

    u64 words[MAX_ARGS + 24];
    u32 n = 0;
    words[n++] = (u64)argc;
    for (int i = 0; i < argc; i++) words[n++] = text_at + offsets[i];
    words[n++] = 0; /* end of argv */
    words[n++] = 0; /* no environment */
    const u64 auxv[][2] = {
        { AT_PHDR, phdr },          { AT_PHENT, h->phentsize }, { AT_PHNUM, h->phnum }, { AT_PAGESZ, PAGE_SIZE },
        { AT_ENTRY, h->entry },     { AT_RANDOM, random_at },   { AT_NULL, 0 },
    };
    for (u32 i = 0; i < ARRAY_SIZE(auxv); i++) {
        words[n++] = auxv[i][0];
        words[n++] = auxv[i][1];
    }
    u64 sp = ALIGN_DOWN(random_at - n * sizeof(u64), 16);
    if (copy_to_user(text_at, text, sizeof(text)) || copy_to_user(random_at, random, sizeof(random)) ||
        copy_to_user(sp, words, n * sizeof(u64)))
        return 0;
    return sp;
}

/* Called by the boot thread, which lends its `current->mm` to fill the new stack. */
int exec_init(struct process *p, struct task *t, const char *path, const char *args) {
    struct file *f = initramfs_open(path);
    if (!f) return -ENOENT;
    const struct initramfs_file *file = initramfs_data(f);
    const struct elf_header *h = (const struct elf_header *)file->data;
    if (!is_elf(file, h)) return -ENOEXEC;
    const struct elf_segment *s = (const struct elf_segment *)(file->data + h->phoff);
    u64 phdr = 0;
    for (u32 i = 0; i < h->phnum; i++) {
        if (s[i].type != PT_LOAD || s[i].memsz == 0) continue;
        if (s[i].offset + s[i].filesz > file->size) return -ENOEXEC;
        int error = map_segment(p->mm, f, &s[i]);
        if (error) return error;
        if (h->phoff >= s[i].offset && h->phoff < s[i].offset + s[i].filesz) phdr = s[i].vaddr + h->phoff - s[i].offset;
    }
    if (!mm_add_vma(p->mm, STACK_TOP - STACK_SIZE, STACK_TOP, VM_READ | VM_WRITE, NULL, 0, 0)) return -ENOMEM;

    struct mm *own = current->mm;
    current->mm = p->mm;
    switch_mm(p->mm);
    u64 sp = build_stack(h, phdr, path, args);
    mm_fold_counters(current);
    current->mm = own;
    fput(f);
    if (!sp) return -E2BIG;

    struct trapframe *frame = task_frame(t);
    frame->epc = h->entry;
    frame->sp = sp;
    frame->status = SSTATUS_SPIE;
    return 0;
}
