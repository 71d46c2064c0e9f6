/* What the machine and the command line say: memory, initramfs, seed, init and its arguments. */
#include "fdt.h"
#include "kernel/cpu.h"
#include "kernel.h"
#include "memlayout.h"

struct boot_info boot;
bool cpu_has_double;

static char device_tree[32768] __attribute__((aligned(8)));
static struct fdt tree_in_place; /* of device_tree */

/* Value of the bootargs word `name=...`, copied; false when there is none. */
static bool option(const char *name, char *out, size_t size) {
    size_t n = strlen(name);
    for (const char *p = boot.bootargs; *p; p++) {
        if ((p != boot.bootargs && p[-1] != ' ') || strncmp(p, name, n) || p[n] != '=') continue;
        size_t i = 0;
        for (p += n + 1; *p && *p != ' ' && i + 1 < size; p++) out[i++] = *p;
        out[i] = 0;
        return true;
    }
    return false;
}

static void read_bootargs(void) {
    char number[24];
    boot.statistics = option("statistics", number, sizeof(number)) && number[0] == '1';
    if (!option("init", boot.init_path, sizeof(boot.init_path))) memcpy(boot.init_path, "/init", 6);
    if (option("seed", number, sizeof(number))) boot.seed = strtou64(number, NULL, 0);
    boot.init_args = "";
    for (const char *p = boot.bootargs; *p; p++)
        if (strncmp(p, "-- ", 3) == 0 && (p == boot.bootargs || p[-1] == ' ')) {
            boot.init_args = p + 3;
            break;
        }
}

/* Single-letter extensions follow the width and end at the first underscore: rv64imafdch_zicsr. */
static bool isa_has(const char *isa, char letter) {
    if (!isa || strncmp(isa, "rv64", 4)) return false;
    for (const char *p = isa + 4; *p && *p != '_'; p++)
        if (*p == letter) return true;
    return false;
}

static void read_cpus(const struct fdt *t, int root) {
    int cpus = fdt_child(t, root, "cpus");
    timebase_hz = fdt_number(t, cpus, "timebase-frequency", 0);
    for (int c = fdt_first_child(t, cpus); c >= 0; c = fdt_next_sibling(t, c)) {
        if (strncmp(fdt_name(t, c), "cpu@", 4)) continue;
        if (timebase_hz == 0) timebase_hz = fdt_number(t, c, "timebase-frequency", 0);
        if (fdt_property(t, c, "dv-ext", NULL)) boot.dv_ext = true;
        cpu_has_double = isa_has(fdt_property(t, c, "riscv,isa", NULL), 'd');
    }
    if (timebase_hz == 0) panic("boot: no timebase-frequency in the device tree");
}

/* Copy and leave zeros behind: contig.c counts on untouched RAM being zero. */
static void move(char *to, char *from, u64 size) {
    memmove(to, from, size);
    if (from >= to + size) memset(from, 0, size);
}

paddr_t boot_read(paddr_t tree, u32 hartid) {
    struct fdt t;
    boot.boot_hartid = hartid;
    boot.bootargs = "";
    if (!fdt_open(&t, phys_to_virt(tree))) panic("boot: no device tree at 0x%lx", tree);
    if (t.total_size > sizeof(device_tree))
        panic("boot: device tree of %u bytes, at most %lu", t.total_size, sizeof(device_tree));
    move(device_tree, phys_to_virt(tree), t.total_size);
    fdt_open(&t, device_tree);
    tree_in_place = t;

    int root = fdt_root(&t), chosen = fdt_child(&t, root, "chosen");
    read_cpus(&t, root);
    u32 len;
    const void *reg = fdt_property(&t, fdt_child(&t, root, "memory"), "reg", &len);
    if (!reg || len < 16) panic("boot: no memory node in the device tree");
    boot.ram_base = fdt_cell64(reg, 0);
    boot.ram_end = boot.ram_base + fdt_cell64(reg, 2);
    const char *args = fdt_property(&t, chosen, "bootargs", NULL);
    if (args) boot.bootargs = args;
    read_bootargs();

    /* Behind the kernel, so that the rest of RAM is one range. */
    paddr_t free = virt_to_phys(kernel_end);
    u64 start = fdt_number(&t, chosen, "linux,initrd-start", 0), end = fdt_number(&t, chosen, "linux,initrd-end", 0);
    if (end > start) {
        boot.initrd_size = end - start;
        boot.initrd = phys_to_virt(free);
        move(phys_to_virt(free), phys_to_virt(start), boot.initrd_size);
        free = ALIGN_UP(free + boot.initrd_size, PAGE_SIZE);
    }
    return free;
}

/* splitmix64: every seed and salt gives an unrelated number. */
u64 boot_random(u64 salt, u64 limit) {
    u64 z = boot.seed * 0x9E3779B97F4A7C15 + salt * 0xD1B54A32D192ED03 + 0x2545F4914F6CDD1D;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (z ^ z >> 31) % limit;
}

static bool is_compatible(const struct fdt *t, int node, const char *name) {
    u32 len = 0;
    const char *list = fdt_property(t, node, "compatible", &len);
    for (u32 at = 0; list && at < len; at += (u32)strlen(list + at) + 1)
        if (strcmp(list + at, name) == 0) return true;
    return false;
}

static void each_below(int node, const char *compatible, void (*probe)(const struct fdt *, int)) {
    const struct fdt *t = &tree_in_place;
    for (int c = fdt_first_child(t, node); c >= 0; c = fdt_next_sibling(t, c)) {
        if (is_compatible(t, c, compatible)) probe(t, c);
        each_below(c, compatible, probe);
    }
}

void boot_each_compatible(const char *compatible, void (*probe)(const struct fdt *, int)) {
    each_below(fdt_root(&tree_in_place), compatible, probe);
}

const void *boot_property(const char *path, u32 *size) {
    const struct fdt *t = &tree_in_place;
    int node = fdt_root(t);
    for (;;) {
        while (*path == '/') path++;
        char name[64];
        size_t n = 0;
        while (path[n] && path[n] != '/' && n + 1 < sizeof(name)) {
            name[n] = path[n];
            n++;
        }
        name[n] = 0;
        if (!path[n]) return fdt_property(t, node, name, size);
        node = fdt_child(t, node, name);
        if (node < 0) return NULL;
        path += n;
    }
}
