/*
 * Boot: one hart reads the device tree, prepares itself and enters the host kernel in HS-mode; the others park until
 * an HSM call starts them.
 */
#include "firmware.h"

#include "kernel/string.h"

struct machine machine;

/* dv-ext.md 13: interrupts and exceptions given to HS. Access faults (1, 5, 7), illegal instructions (2) and
   misaligned accesses (4, 6) stay here: redirect.c, misaligned.c. */
#define MEDELEG 0xF0B509
#define MIDELEG 0x233

void hart_setup(void) {
    csr_write(CSR_MEDELEG, MEDELEG);
    csr_write(CSR_MIDELEG, MIDELEG);
    csr_write(CSR_MCOUNTEREN, ~0UL);
    if (machine.dv_ext) { /* no reset value in hardware (dv-ext.md 2.6) */
        csr_write(CSR_SEDELEG, 0);
        csr_write(CSR_SIDELEG, 0);
    }
    csr_write(CSR_SATP, 0);
    csr_write(CSR_SIE, 0);
    csr_clear(CSR_MIP, BIT(IRQ_SSI) | BIT(IRQ_STI));
    pmp_setup();
    csr_write(CSR_MIE, BIT(IRQ_MSI));
    csr_clear(CSR_MSTATUS, MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MPV | MSTATUS_MIE);
    csr_set(CSR_MSTATUS, MSTATUS_MPP_S);
}

/* True when bootargs holds the word `option`. */
static bool has_option(const char *args, const char *option) {
    size_t n = strlen(option);
    for (const char *p = args; *p; p++)
        if ((p == args || p[-1] == ' ') && strncmp(p, option, n) == 0 && (p[n] == 0 || p[n] == ' ')) return true;
    return false;
}

static void read_device_tree(const void *blob) {
    struct fdt t;
    machine.nr_harts = 1;
    if (!fdt_open(&t, blob)) return;
    int root = fdt_root(&t), cpus = fdt_child(&t, root, "cpus");
    u32 harts = 0;
    for (int c = fdt_first_child(&t, cpus); c >= 0; c = fdt_next_sibling(&t, c)) {
        if (strncmp(fdt_name(&t, c), "cpu@", 4)) continue;
        harts++;
        if (fdt_property(&t, c, "dv-ext", NULL)) machine.dv_ext = true;
    }
    machine.nr_harts = MIN(harts, MAX_HARTS);
    const char *args = fdt_property(&t, fdt_child(&t, root, "chosen"), "bootargs", NULL);
    if (!args) return;
    if (has_option(args, "vpmp=perVm")) machine.vpmp = VPMP_PER_VM;
    if (has_option(args, "vpmp=absent")) machine.vpmp = VPMP_ABSENT;
}

void boot_hart_main(u64 hart, const void *device_tree) {
    read_device_tree(device_tree);
    hart_setup();
    hsm_mark_started((u32)hart);
    __atomic_store_n(&machine_ready, 1, __ATOMIC_RELEASE);
    enter_supervisor(hart, (u64)device_tree, KERNEL_BASE);
}

void other_hart_main(void) { hsm_park(); }

void fatal(const char *why, u64 a, u64 b) {
    console_print("firmware: %s (0x%lx, 0x%lx)\n", why, a, b);
    mmio_write32(TEST_FINISHER_BASE, 253u << 16 | FINISHER_FAIL);
    for (;;) __asm__ volatile("wfi");
}

void trap_unexpected(u64 cause, u64 epc) { fatal("trap in firmware: cause, epc", cause, epc); }

/* trap.S: a trap from below M-mode. */
void trap_handle(struct frame *f) {
    u64 cause = csr_read(CSR_MCAUSE);
    switch (cause) {
    case CAUSE_INTERRUPT | IRQ_MTI: timer_interrupt(); return;
    case CAUSE_INTERRUPT | IRQ_MSI: ipi_interrupt(); return;
    case CAUSE_ECALL_S: {
        f->epc += 4;
        u64 ext = f->x[17];
        struct sbi_return r = sbi_dispatch(f);
        f->x[10] = (u64)r.error;
        if (ext > SBI_LEGACY_SHUTDOWN) f->x[11] = (u64)r.value;
        return;
    }
    default: break;
    }
    if (cause & CAUSE_INTERRUPT) fatal("unexpected interrupt: cause, epc", cause, f->epc);
    struct trap_info t = {
        .cause = cause,
        .tval = csr_read(CSR_MTVAL),
        .tval2 = csr_read(CSR_MTVAL2),
        .tinst = csr_read(CSR_MTINST),
        .gva = f->status & MSTATUS_GVA,
    };
    if (cause == CAUSE_LOAD_MISALIGNED || cause == CAUSE_STORE_MISALIGNED)
        emulate_misaligned(f, &t);
    else
        redirect_trap(f, &t);
}
