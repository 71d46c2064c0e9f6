/* Puts the guest image into guest RAM: an ELF by its segments, anything else raw at GUEST_KERNEL. */
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

/* Where [gpa, gpa + size) of guest RAM lies in this process; ends the process if it does not lie in RAM. */
static u8 *ram_at(const struct vm *vm, gpa_t gpa, u64 size) {
    u64 offset = gpa - GUEST_RAM;
    if (gpa < GUEST_RAM || offset > vm->ram_size || size > vm->ram_size - offset)
    die(1, "%s: 0x%lx..0x%lx lies outside guest RAM (0x%lx..0x%lx)", vm->kernel_path, gpa, gpa + size, GUEST_RAM,
        GUEST_RAM + vm->ram_size);
    return vm->ram + offset;
}

/* Reads `size` bytes; ends the process if the file is shorter. */
static void read_exactly(const struct vm *vm, int fd, void *to, u64 size, u64 at) {
    u64 done = 0;
    while (done < size) {
    long n = sys_pread(fd, (u8 *)to + done, size - done, at + done);
    if (n < 0) die(1, "%s: read failed, errno %d", vm->kernel_path, (int)-n);
    if (n == 0) die(1, "%s: truncated: found %lu bytes, expected %lu", vm->kernel_path, at + done, at + size);
    done += n;
    }
}

static void load_elf(struct vm *vm, int fd, const struct elf_header *header) {
    if (header->ident[4] != 2 || header->machine != EM_RISCV || header->phentsize != sizeof(struct elf_segment))
    die(1, "%s: not a 64-bit RISC-V ELF", vm->kernel_path);
    for (int i = 0; i < header->phnum; i++) {
    struct elf_segment segment;
    read_exactly(vm, fd, &segment, sizeof segment, header->phoff + i * sizeof segment);
    if (segment.type != PT_LOAD) continue;
    u8 *to = ram_at(vm, segment.paddr, segment.memsz);
    if (segment.filesz > segment.memsz) die(1, "%s: segment %d is larger in the file than in memory", vm->kernel_path, i);
    read_exactly(vm, fd, to, segment.filesz, segment.offset); /* guest RAM is zero already: no bss to clear */
    }
    vm->entry = header->entry;
}

static void load_raw(struct vm *vm, int fd) {
    u64 room = GUEST_RAM + vm->ram_size - GUEST_KERNEL;
    u8 *to = ram_at(vm, GUEST_KERNEL, room);
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
    int fd = sys_open(vm->kernel_path, O_RDONLY);
    if (fd < 0) die(1, "%s: cannot open, errno %d", vm->kernel_path, -fd);
    struct elf_header header;
    long n = sys_pread(fd, &header, sizeof header, 0);
    if (n == sizeof header && *(u32 *)header.ident == 0x464C457F) load_elf(vm, fd, &header);
    else load_raw(vm, fd);
    sys_close(fd);
}
