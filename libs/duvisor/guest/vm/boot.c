/* What the machine and the command line say. Devices are known by the device tree only. */
#include "fdt.h"
#include "vm.h"

struct boot_info boot;

struct cells {
    u32 address, size;
};

/* A string of the list property `compatible`. */
static bool compatible(const struct fdt *t, int node, const char *name) {
    u32 len;
    const char *p = fdt_property(t, node, "compatible", &len);
    for (const char *end = p + len; p && p < end; p += strlen(p) + 1)
        if (strcmp(p, name) == 0) return true;
    return false;
}

static u64 reg_base(const struct fdt *t, int node, struct cells c) {
    u32 len;
    const void *reg = fdt_property(t, node, "reg", &len);
    if (!reg || len < 4 * c.address) return 0;
    return c.address == 2 ? fdt_cell64(reg, 0) : fdt_cell(reg, 0);
}

/* cpu-intc of the boot hart; 0: none. */
static u32 hart_phandle(const struct fdt *t, int cpus) {
    for (int c = fdt_first_child(t, cpus); c >= 0; c = fdt_next_sibling(t, c))
        if (strncmp(fdt_name(t, c), "cpu@", 4) == 0 && fdt_number(t, c, "reg", 0) == boot.hart)
            return (u32)fdt_number(t, fdt_child(t, c, "interrupt-controller"), "phandle", 0);
    return 0;
}

/* Our context is the place of (our cpu-intc, supervisor external interrupt) in `interrupts-extended`. */
static void read_plic(const struct fdt *t, int node, struct cells c, u32 intc) {
    u32 len;
    const void *entries = fdt_property(t, node, "interrupts-extended", &len);
    for (u32 i = 0; entries && 8 * i + 8 <= len; i++) {
        if (fdt_cell(entries, 2 * i) != intc || fdt_cell(entries, 2 * i + 1) != IRQ_SEI) continue;
        boot.plic = reg_base(t, node, c);
        boot.plic_context = i;
        boot.plic_sources = (u32)fdt_number(t, node, "riscv,ndev", 0);
        return;
    }
}

static void read_node(const struct fdt *t, int node, struct cells c, u32 intc) {
    u64 base = reg_base(t, node, c);
    if (compatible(t, node, "ns16550a") && base) {
        boot.uart = base;
        boot.uart_shift = (u32)fdt_number(t, node, "reg-shift", 0);
    } else if (compatible(t, node, "virtio,mmio") && boot.virtios < MAX_VIRTIO) {
        boot.virtio[boot.virtios].base = base;
        boot.virtio[boot.virtios++].irq = (u32)fdt_number(t, node, "interrupts", 0);
    } else if (compatible(t, node, "sifive,plic-1.0.0") || compatible(t, node, "riscv,plic0")) {
        read_plic(t, node, c, intc);
    }
}

/* The children of `parent`, and theirs where it is a simple bus. */
static void read_devices(const struct fdt *t, int parent, u32 intc) {
    struct cells c = { (u32)fdt_number(t, parent, "#address-cells", 2), (u32)fdt_number(t, parent, "#size-cells", 1) };
    for (int n = fdt_first_child(t, parent); n >= 0; n = fdt_next_sibling(t, n)) {
        read_node(t, n, c, intc);
        if (compatible(t, n, "simple-bus")) read_devices(t, n, intc);
    }
}

const char *boot_option(const char *key, u32 n, size_t *len) {
    size_t size = strlen(key);
    for (const char *p = boot.bootargs; *p;) {
        while (*p == ' ') p++;
        const char *word = p;
        while (*p && *p != ' ') p++;
        if ((size_t)(p - word) < size || strncmp(word, key, size) || n--) continue;
        *len = (size_t)(p - word) - size;
        return word + size;
    }
    return NULL;
}

/* ip=A.B.C.D/N */
static void read_address(void) {
    size_t len;
    const char *p = boot_option("ip=", 0, &len);
    if (!p) return;
    u32 ip = 0;
    for (int i = 0; i < 4; i++) {
        u64 byte = strtou64(p, &p, 10);
        if (byte > 255 || *p++ != (i < 3 ? '.' : '/')) panic("boot: ip=: expected A.B.C.D/N");
        ip = ip << 8 | (u32)byte;
    }
    u64 bits = strtou64(p, &p, 10);
    if (bits < 1 || bits > 30) panic("boot: ip=: expected a prefix of 1 to 30 bits");
    boot.ip = ip;
    boot.netmask = ~0u << (32 - bits);
}

void boot_read(u64 hart, paddr_t tree) {
    struct fdt t;
    boot.hart = hart;
    boot.bootargs = "";
    if (!fdt_open(&t, phys_to_virt(tree))) panic("boot: no device tree at 0x%lx", tree);
    boot.tree = tree;
    boot.tree_end = tree + t.total_size;
    int root = fdt_root(&t), chosen = fdt_child(&t, root, "chosen"), cpus = fdt_child(&t, root, "cpus");

    read_devices(&t, root, hart_phandle(&t, cpus));
    console_init();
    boot.timebase = fdt_number(&t, cpus, "timebase-frequency", 0);
    if (boot.timebase < HZ) panic("boot: timebase-frequency: found %lu Hz, expected at least %d", boot.timebase, HZ);
    u32 len;
    const void *reg = fdt_property(&t, fdt_child(&t, root, "memory"), "reg", &len);
    if (!reg || len < 16) panic("boot: no memory node in the device tree");
    boot.ram_base = fdt_cell64(reg, 0);
    boot.ram_end = MIN(boot.ram_base + fdt_cell64(reg, 2), (paddr_t)(2 + RAM_GIB_MAX) << 30);

    boot.initrd = fdt_number(&t, chosen, "linux,initrd-start", 0);
    boot.initrd_end = fdt_number(&t, chosen, "linux,initrd-end", 0);
    if (boot.initrd_end < boot.initrd || boot.initrd < boot.ram_base || boot.initrd_end > boot.ram_end)
        boot.initrd = boot.initrd_end = 0;
    const char *args = fdt_property(&t, chosen, "bootargs", NULL);
    if (args) boot.bootargs = args;
    boot.seed = fdt_number(&t, chosen, "rng-seed", 0);
    size_t digits;
    const char *seed = boot_option("seed=", 0, &digits);
    if (seed) boot.seed = strtou64(seed, NULL, 0);
    read_address();
}

/* splitmix64: every seed and salt gives an unrelated number. */
u64 boot_random(u64 salt, u64 limit) {
    u64 z = boot.seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (z ^ z >> 31) % limit;
}
