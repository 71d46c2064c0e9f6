/*
 * The platform-level interrupt controller, as far as the kernel itself uses it: the S context of the boot hart. On a
 * machine with DV-ext the VS context of each hart belongs to the guest that runs there (dv-ext.md 10).
 */
#include "kernel/irq.h"

#include "fdt.h"
#include "kernel.h"
#include "plic.h"
#include "probe.h"

#define MAX_SOURCES 128
#define NO_CONTEXT (~0u)

static paddr_t base;
static u32 sources;    /* highest source number */
static u32 s_context = NO_CONTEXT, vs_context = NO_CONTEXT;
static struct {
    void (*handler)(void *argument);
    void *argument;
} handlers[MAX_SOURCES + 1];

static volatile u32 *reg(u64 offset) { return phys_to_virt(base + offset); }
static volatile u32 *claim_of(u32 context) { return reg(PLIC_CONTEXTS + PLIC_CONTEXT_STRIDE * (u64)context + 4); }
static volatile u32 *enable_of(u32 context, u32 source) {
    return reg(PLIC_ENABLES + PLIC_ENABLE_STRIDE * (u64)context + source / 32 * 4);
}

/* Handle of the boot hart's own interrupt controller, by which the PLIC's node names its outputs. */
static u32 hart_handle(const struct fdt *t) {
    int cpus = fdt_child(t, fdt_root(t), "cpus");
    for (int c = fdt_first_child(t, cpus); c >= 0; c = fdt_next_sibling(t, c))
        if (strncmp(fdt_name(t, c), "cpu@", 4) == 0 && fdt_number(t, c, "reg", ~0UL) == boot.boot_hartid)
            return (u32)fdt_number(t, fdt_child(t, c, "interrupt-controller"), "phandle", 0);
    return 0;
}

static void probe(const struct fdt *t, int node) {
    u32 len = 0, size = 0, handle = hart_handle(t);
    const void *outputs = fdt_property(t, node, "interrupts-extended", &len);
    const void *where = fdt_property(t, node, "reg", &size);
    if (!outputs || !where || size < 16 || !handle) return;
    base = fdt_cell64(where, 0);
    sources = (u32)MIN(fdt_number(t, node, "riscv,ndev", 0), MAX_SOURCES);
    for (u32 i = 0; i < len / 8; i++) {
        if (fdt_cell(outputs, 2 * i) != handle) continue;
        if (fdt_cell(outputs, 2 * i + 1) == IRQ_SEI) s_context = i;
        if (fdt_cell(outputs, 2 * i + 1) == IRQ_VSEI) vs_context = i;
    }
}

void plic_init(void) {
    boot_each_compatible("riscv,plic0", probe);
    if (s_context == NO_CONTEXT) return;
    for (u32 source = 0; source <= sources; source += 32) *enable_of(s_context, source) = 0;
    *reg(PLIC_CONTEXTS + PLIC_CONTEXT_STRIDE * (u64)s_context) = 0; /* threshold: let every priority through */
    csr_set(CSR_SIE, BIT(IRQ_SEI));
}

void irq_request(u32 source, void (*handler)(void *), void *argument) {
    if (s_context == NO_CONTEXT || source == 0 || source > sources || handlers[source].handler)
        panic("irq_request: source %u is not free", source);
    handlers[source].handler = handler;
    handlers[source].argument = argument;
    *reg(4 * (u64)source) = 1; /* priority */
    *enable_of(s_context, source) |= 1u << source % 32;
}

void plic_interrupt(void) {
    STEP(plic_handle_irq);
    u32 source;
    while ((source = *claim_of(s_context)) != 0) {
        if (source <= sources && handlers[source].handler) handlers[source].handler(handlers[source].argument);
        STEP(plic_handle_irq);
        *claim_of(s_context) = source; /* complete */
    }
}

/*
 * What a guest left pending for the VS context is taken out of it, so that the next guest starts with nothing. The kernel's
 * own sources are left alone: their lines stay up until their handlers have run.
 */
void plic_clear_guest(void) {
    if (vs_context == NO_CONTEXT) return;
    *reg(PLIC_VINTERRUPTS) = 0;
    *reg(PLIC_CONTEXTS + PLIC_CONTEXT_STRIDE * (u64)vs_context) = 0;
    for (u32 source = 1; source <= sources; source++)
        if (!handlers[source].handler) *enable_of(vs_context, source) |= 1u << source % 32;
    for (u32 n = 0, source; n < sources && (source = *claim_of(vs_context)) != 0; n++) *claim_of(vs_context) = source;
    for (u32 first = 0; first <= sources; first += 32) *enable_of(vs_context, first) = 0;
}

/* The last software-driven source, for the kernel's own use on behalf of a guest. */
#define GUEST_LINE_BIT 31

static u32 guest_line_source;

static void probe_vint_base(const struct fdt *t, int node) {
    guest_line_source = (u32)fdt_number(t, node, "dv-ext,vint-base", 0) + GUEST_LINE_BIT;
}

bool guest_line_init(void) {
    boot_each_compatible("riscv,plic0", probe_vint_base);
    if (vs_context == NO_CONTEXT || guest_line_source > sources) return false;
    *reg(4 * (u64)guest_line_source) = 1;
    *reg(PLIC_CONTEXTS + PLIC_CONTEXT_STRIDE * (u64)vs_context) = 0;
    *enable_of(vs_context, guest_line_source) |= 1u << guest_line_source % 32;
    return true;
}

void guest_line_set(bool high) {
    if (high) {
        *reg(PLIC_VINTERRUPTS) |= 1u << GUEST_LINE_BIT;
    } else if (*claim_of(vs_context) == guest_line_source) {
        *claim_of(vs_context) = guest_line_source;
    }
}

paddr_t plic_base(void) { return base; }
