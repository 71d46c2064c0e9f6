/* The guest's device tree, a flattened tree of version 17 (Devicetree Specification 0.4, ch. 5), built at GUEST_DTB. */
#include "vmm.h"

enum { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_END = 9 };

/* Phandles. */
#define PLIC_HANDLE 1
#define CPU_HANDLE 2 /* + vCPU: its own interrupt controller */
#define NOWHERE 0xFFFFFFFF

#define SUPERVISOR_EXTERNAL 9

#define HEADER_WORDS 10
#define RESERVE_BYTES 16 /* one terminating pair of zeros */
#define STRINGS_MAX 384

struct fdt {
    u8 *start;
    u8 *end;   /* one past the room */
    u8 *at;    /* next byte of the structure block */
    char strings[STRINGS_MAX];
    u32 strings_size;
};

static void put_byte(struct fdt *fdt, u8 byte) {
    if (fdt->at == fdt->end) die(1, "device tree: larger than %lu bytes (is --append too long?)", GUEST_DTB_MAX);
    *fdt->at++ = byte;
}

static void put_word(struct fdt *fdt, u32 value) {
    for (int shift = 24; shift >= 0; shift -= 8) put_byte(fdt, value >> shift);
}

static void put_padded(struct fdt *fdt, const void *bytes, size_t n) {
    const u8 *p = bytes;
    for (size_t i = 0; i < n; i++) put_byte(fdt, p[i]);
    while ((fdt->at - fdt->start) & 3) put_byte(fdt, 0);
}

static void begin_node(struct fdt *fdt, const char *name) {
    put_word(fdt, FDT_BEGIN_NODE);
    put_padded(fdt, name, strlen(name) + 1);
}

static void end_node(struct fdt *fdt) { put_word(fdt, FDT_END_NODE); }

/* Offset of a property name in the strings block; the name is added on first use. */
static u32 string_offset(struct fdt *fdt, const char *name) {
    u32 offset = 0;
    while (offset < fdt->strings_size) {
    if (strcmp(fdt->strings + offset, name) == 0) return offset;
    offset += strlen(fdt->strings + offset) + 1;
    }
    for (const char *p = name;; p++) {
    if (fdt->strings_size == STRINGS_MAX) die(1, "device tree: property names exceed %d bytes", STRINGS_MAX);
    fdt->strings[fdt->strings_size++] = *p;
    if (!*p) return offset;
    }
}

static void prop(struct fdt *fdt, const char *name, u32 size) {
    put_word(fdt, FDT_PROP);
    put_word(fdt, size);
    put_word(fdt, string_offset(fdt, name));
}

static void prop_empty(struct fdt *fdt, const char *name) { prop(fdt, name, 0); }

static void prop_string(struct fdt *fdt, const char *name, const char *value) {
    size_t size = strlen(value) + 1;
    prop(fdt, name, size);
    put_padded(fdt, value, size);
}

static void prop_u32(struct fdt *fdt, const char *name, u32 value) {
    prop(fdt, name, 4);
    put_word(fdt, value);
}

static void prop_u64(struct fdt *fdt, const char *name, u64 value) {
    prop(fdt, name, 8);
    put_word(fdt, value >> 32);
    put_word(fdt, value);
}

/* A (base, size) pair with two cells each. */
static void prop_reg(struct fdt *fdt, u64 base, u64 size) {
    prop(fdt, "reg", 16);
    put_word(fdt, base >> 32);
    put_word(fdt, base);
    put_word(fdt, size >> 32);
    put_word(fdt, size);
}

static void cells(struct fdt *fdt, u32 address, u32 size) {
    prop_u32(fdt, "#address-cells", address);
    prop_u32(fdt, "#size-cells", size);
}

static void chosen_node(struct fdt *fdt, const struct vm *vm) {
    begin_node(fdt, "chosen");
    prop_string(fdt, "bootargs", vm->append);
    prop_string(fdt, "stdout-path", "/soc/serial@3f8");
    if (vm->initrd_end > vm->initrd_start) {
        prop_u64(fdt, "linux,initrd-start", vm->initrd_start);
        prop_u64(fdt, "linux,initrd-end", vm->initrd_end);
    }
    end_node(fdt);
}

static void cpus_node(struct fdt *fdt, const struct vm *vm) {
    begin_node(fdt, "cpus");
    cells(fdt, 1, 0);
    prop_u32(fdt, "timebase-frequency", vm->timebase);
    begin_node(fdt, "cpu@0"); /* --smp 1 */
    prop_string(fdt, "device_type", "cpu");
    prop_string(fdt, "compatible", "riscv");
    prop_string(fdt, "riscv,isa", "rv64imac");
    prop_string(fdt, "mmu-type", "riscv,sv39");
    prop_u32(fdt, "reg", 0);
    begin_node(fdt, "interrupt-controller");
    prop_string(fdt, "compatible", "riscv,cpu-intc");
    prop_u32(fdt, "#interrupt-cells", 1);
    prop_empty(fdt, "interrupt-controller");
    prop_u32(fdt, "phandle", CPU_HANDLE);
    end_node(fdt);
    end_node(fdt);
    end_node(fdt);
}

static void memory_node(struct fdt *fdt, const struct vm *vm) {
    begin_node(fdt, "memory@80000000");
    prop_string(fdt, "device_type", "memory");
    prop_reg(fdt, GUEST_RAM, vm->ram_size);
    end_node(fdt);
}

/* Three contexts a vCPU, the third of them its own (dv-ext.md §10). */
static void plic_node(struct fdt *fdt, const struct vm *vm) {
    begin_node(fdt, "interrupt-controller@c000000");
    prop_string(fdt, "compatible", "riscv,plic0");
    prop_reg(fdt, GUEST_PLIC, GUEST_PLIC_SIZE);
    prop_u32(fdt, "#address-cells", 0);
    prop_u32(fdt, "#interrupt-cells", 1);
    prop_empty(fdt, "interrupt-controller");
    prop_u32(fdt, "riscv,ndev", GUEST_PLIC_SOURCES);
    prop_u32(fdt, "phandle", PLIC_HANDLE);
    prop(fdt, "interrupts-extended", 24 * vm->smp);
    for (u32 i = 0; i < vm->smp; i++) {
        const u32 outputs[] = {CPU_HANDLE + i, NOWHERE, CPU_HANDLE + i, NOWHERE, CPU_HANDLE + i, SUPERVISOR_EXTERNAL};
        for (u32 j = 0; j < ARRAY_SIZE(outputs); j++) put_word(fdt, outputs[j]);
    }
    end_node(fdt);
}

static void device_node(struct fdt *fdt, const char *name, const char *compatible, gpa_t base, u64 size, u32 source) {
    begin_node(fdt, name);
    prop_string(fdt, "compatible", compatible);
    prop_reg(fdt, base, size);
    prop_u32(fdt, "interrupts", source);
    prop_u32(fdt, "interrupt-parent", PLIC_HANDLE);
    end_node(fdt);
}

static void soc_node(struct fdt *fdt, const struct vm *vm) {
    begin_node(fdt, "soc");
    prop_string(fdt, "compatible", "simple-bus");
    cells(fdt, 2, 2);
    prop_empty(fdt, "ranges");
    device_node(fdt, "serial@3f8", "ns16550a", GUEST_UART, GUEST_UART_SIZE, SOURCE_SERIAL);
    plic_node(fdt, vm);
    if (vm->block_path) device_node(fdt, "virtio@10000000", "virtio,mmio", GUEST_BLOCK, GUEST_VIRTIO_SIZE, SOURCE_BLOCK);
    if (vm->tap_name) device_node(fdt, "virtio@10000200", "virtio,mmio", GUEST_NET, GUEST_VIRTIO_SIZE, SOURCE_NET);
    end_node(fdt);
}

void build_dtb(struct vm *vm) {
    struct fdt fdt = {.start = vm->ram + (GUEST_DTB - GUEST_RAM)};
    if (GUEST_DTB + GUEST_DTB_MAX > GUEST_RAM + vm->ram_size) die(1, "device tree: guest RAM is too small");
    fdt.end = fdt.start + GUEST_DTB_MAX;
    u8 *structure = fdt.start + HEADER_WORDS * 4 + RESERVE_BYTES;
    for (fdt.at = fdt.start; fdt.at < structure;) put_byte(&fdt, 0);

    begin_node(&fdt, "");
    prop_string(&fdt, "compatible", "linux,dummy-virt");
    cells(&fdt, 2, 2);
    chosen_node(&fdt, vm);
    cpus_node(&fdt, vm);
    memory_node(&fdt, vm);
    soc_node(&fdt, vm);
    end_node(&fdt);
    put_word(&fdt, FDT_END);

    u32 structure_size = fdt.at - structure;
    u32 strings_at = fdt.at - fdt.start;
    put_padded(&fdt, fdt.strings, fdt.strings_size);
    u32 total = fdt.at - fdt.start;

    const u32 header[HEADER_WORDS] = {
        0xD00DFEED, total, structure - fdt.start, strings_at, HEADER_WORDS * 4, 17, 16, 0, fdt.strings_size, structure_size,
    };
    fdt.at = fdt.start;
    for (int i = 0; i < HEADER_WORDS; i++) put_word(&fdt, header[i]);
}
