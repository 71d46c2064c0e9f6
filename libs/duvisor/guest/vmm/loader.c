/* Puts the guest's files into its RAM: the kernel, an ELF by its segments or anything else raw at GUEST_KERNEL; the initrd. */
#include "sys.h"
#include "vmm.h"

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

#define PT_LOAD 1
#define EM_RISCV 243

void *guest_memory(const struct vm *vm, gpa_t gpa, u64 size) {
    u64 offset = gpa - GUEST_RAM;
    return gpa < GUEST_RAM || offset > vm->ram_size || size > vm->ram_size - offset ? 0 : vm->ram + offset;
}

static u8 *ram_at(const struct vm *vm, const char *path, gpa_t gpa, u64 size) {
    u8 *at = guest_memory(vm, gpa, size);
    if (!at)
        die(1, "%s: 0x%lx..0x%lx lies outside guest RAM (0x%lx..0x%lx)", path, gpa, gpa + size, GUEST_RAM,
            GUEST_RAM + vm->ram_size);
    return at;
}

static int open_file(const char *path) {
    int fd = sys_open(path, O_RDONLY);
    if (fd < 0) die(1, "%s: cannot open, errno %d", path, -fd);
    return fd;
}

/* Reads `size` bytes; ends the process if the file is shorter. */
static void read_exactly(const char *path, int fd, void *to, u64 size, u64 at) {
    u64 done = 0;
    while (done < size) {
        long n = sys_pread(fd, (u8 *)to + done, size - done, at + done);
        if (n < 0) die(1, "%s: read failed, errno %d", path, (int)-n);
        if (n == 0) die(1, "%s: truncated: found %lu bytes, expected %lu", path, at + done, at + size);
        done += n;
    }
}

static void load_elf(struct vm *vm, int fd, const struct elf_header *header) {
    if (header->ident[4] != 2 || header->machine != EM_RISCV || header->phentsize != sizeof(struct elf_segment))
    die(1, "%s: not a 64-bit RISC-V ELF", vm->kernel_path);
    for (int i = 0; i < header->phnum; i++) {
    struct elf_segment segment;
    read_exactly(vm->kernel_path, fd, &segment, sizeof segment, header->phoff + i * sizeof segment);
    if (segment.type != PT_LOAD) continue;
    u8 *to = ram_at(vm, vm->kernel_path, segment.paddr, segment.memsz);
    if (segment.filesz > segment.memsz) die(1, "%s: segment %d is larger in the file than in memory", vm->kernel_path, i);
    read_exactly(vm->kernel_path, fd, to, segment.filesz, segment.offset); /* guest RAM is zero already: no bss to clear */
    }
    vm->entry = header->entry;
}

static void load_raw(struct vm *vm, int fd) {
    u64 room = GUEST_RAM + vm->ram_size - GUEST_KERNEL;
    u8 *to = ram_at(vm, vm->kernel_path, GUEST_KERNEL, room);
    for (u64 done = 0;;) {
    long n = sys_pread(fd, to + done, room - done, done);
    if (n < 0) die(1, "%s: read failed, errno %d", vm->kernel_path, (int)-n);
    if (n == 0) break;
    done += n;
    if (done == room) die(1, "%s: larger than guest RAM", vm->kernel_path);
    }
    vm->entry = GUEST_KERNEL;
}

void load_kernel(struct vm *vm) {
    int fd = open_file(vm->kernel_path);
    struct elf_header header;
    long n = sys_pread(fd, &header, sizeof header, 0);
    if (n == sizeof header && *(u32 *)header.ident == 0x464C457F) load_elf(vm, fd, &header);
    else load_raw(vm, fd);
    sys_close(fd);
}

/* At the top of guest RAM, page aligned; the device tree says where. */
void load_initrd(struct vm *vm) {
    if (!vm->initrd_path) return;
    int fd = open_file(vm->initrd_path);
    long size = sys_seek_end(fd);
    if (size < 0) die(1, "%s: has no size, errno %d", vm->initrd_path, (int)-size);
    u64 lowest = GUEST_DTB + GUEST_DTB_MAX;
    if ((u64)size > vm->ram_size || GUEST_RAM + vm->ram_size - size < lowest)
        die(1, "%s: %ld bytes do not fit into guest RAM above 0x%lx", vm->initrd_path, size, lowest);
    vm->initrd_start = ALIGN_DOWN(GUEST_RAM + vm->ram_size - size, 4096);
    vm->initrd_end = vm->initrd_start + size;
    read_exactly(vm->initrd_path, fd, ram_at(vm, vm->initrd_path, vm->initrd_start, size), size, 0);
    sys_close(fd);
}
