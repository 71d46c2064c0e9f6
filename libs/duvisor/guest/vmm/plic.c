/*
 * Registers and gateways of the RISC-V PLIC specification 1.0, in the layout of DV-ext (dv-ext.md §10): three contexts a vCPU,
 * of which the guest uses the third. Level gateways: a high line is latched as pending once, and looked at again when its
 * source is completed.
 */
#include "plic.h"

#include "probe.h"
#include "sync.h"

#define SOURCES 63 /* one word of bits; GUEST_PLIC_SOURCES of them are announced */
#define MAX_PRIORITY 7

#define PENDING 0x1000
#define ENABLES 0x2000
#define ENABLE_STRIDE 0x80
#define CONTEXTS 0x200000
#define CONTEXT_STRIDE 0x1000

static struct plic {
    struct vm *vm;
    void (*output)(u32 vcpu, bool high);
    u8 priority[SOURCES + 1];
    u64 lines, pending, in_flight; /* bit per source; in flight: latched and not completed */
    struct {
        u64 enabled;
        u32 threshold;
        bool high;
    } context[MAX_VCPUS];
} plic;

/* The vCPU whose context this is, or -1: contexts 3i and 3i+1 lead nowhere. */
static int vcpu_of(u64 context) { return context % 3 == 2 && context / 3 < plic.vm->smp ? (int)(context / 3) : -1; }

/* The source to claim: of those pending and enabled the highest priority, then the lowest number; 0 = none. */
static u32 best(u32 vcpu) {
    u32 source = 0;
    u64 candidates = plic.pending & plic.context[vcpu].enabled;
    if (!candidates) return 0;
    for (u32 i = (u32)candidates ? 1 : 32; i <= SOURCES; i++)
        if ((candidates >> i & 1) && plic.priority[i] > (source ? plic.priority[source] : 0)) source = i;
    return source;
}

/* Latches what the gateways let through and drives the outputs that change. */
static void update(void) {
    u64 fresh = plic.lines & ~plic.in_flight;
    plic.pending |= fresh;
    plic.in_flight |= fresh;
    for (u32 i = 0; i < plic.vm->smp; i++) {
        u32 source = best(i);
        bool high = source && plic.priority[source] > plic.context[i].threshold;
        if (high == plic.context[i].high) continue;
        plic.context[i].high = high;
        plic.output(i, high);
    }
}

void plic_set_line(int source, bool high) {
    if (high) plic.lines |= 1ul << source;
    else plic.lines &= ~(1ul << source);
    update();
}

static u32 claim(u32 vcpu) {
    u32 source = best(vcpu);
    plic.pending &= ~(1ul << source);
    return source;
}

static u32 half(u64 word, u64 offset) { return offset == 0 ? word : offset == 4 ? word >> 32 : 0; }

static u32 read_register(u64 offset) {
    if (offset < PENDING) return offset / 4 <= SOURCES ? plic.priority[offset / 4] : 0;
    if (offset < ENABLES) return half(plic.pending, offset - PENDING);
    int vcpu = vcpu_of(offset < CONTEXTS ? (offset - ENABLES) / ENABLE_STRIDE : (offset - CONTEXTS) / CONTEXT_STRIDE);
    if (vcpu < 0) return 0;
    if (offset < CONTEXTS) return half(plic.context[vcpu].enabled, (offset - ENABLES) % ENABLE_STRIDE);
    switch ((offset - CONTEXTS) % CONTEXT_STRIDE) {
    case 0: return plic.context[vcpu].threshold;
    case 4: return claim(vcpu);
    default: return 0;
    }
}

static void write_register(u64 offset, u32 value) {
    if (offset < PENDING) {
        if (offset >= 4 && offset / 4 <= SOURCES) plic.priority[offset / 4] = value & MAX_PRIORITY;
        return;
    }
    if (offset < ENABLES) return; /* pending bits are read-only */
    int vcpu = vcpu_of(offset < CONTEXTS ? (offset - ENABLES) / ENABLE_STRIDE : (offset - CONTEXTS) / CONTEXT_STRIDE);
    if (vcpu < 0) return;
    u64 *enabled = &plic.context[vcpu].enabled;
    if (offset < CONTEXTS) {
        u64 word = (offset - ENABLES) % ENABLE_STRIDE;
        if (word == 0) *enabled = (*enabled & ~0xFFFFFFFFul) | (value & ~1u);
        if (word == 4) *enabled = (*enabled & 0xFFFFFFFF) | (u64)value << 32;
        return;
    }
    switch ((offset - CONTEXTS) % CONTEXT_STRIDE) {
    case 0: plic.context[vcpu].threshold = value & MAX_PRIORITY; break;
    case 4: /* a completion counts only from a context that enables the source */
        if (value <= SOURCES && (*enabled >> value & 1)) plic.in_flight &= ~(1ul << value);
        break;
    }
}

static u64 plic_read(void *state, u64 offset, int size) {
    (void)state;
    STEP(plic_register);
    if (size != 4) return 0;
    mutex_lock(&plic.vm->irq_lock);
    u32 value = read_register(offset);
    update();
    mutex_unlock(&plic.vm->irq_lock);
    return value;
}

static void plic_write(void *state, u64 offset, int size, u64 value) {
    (void)state;
    STEP(plic_register);
    if (size != 4) return;
    mutex_lock(&plic.vm->irq_lock);
    write_register(offset, value);
    update();
    mutex_unlock(&plic.vm->irq_lock);
}

void plic_attach(struct vm *vm, void (*output)(u32 vcpu, bool high)) {
    plic.vm = vm;
    plic.output = output;
    bus_add(vm, (struct mmio_device){GUEST_PLIC, GUEST_PLIC_SIZE, plic_read, plic_write, 0});
}
