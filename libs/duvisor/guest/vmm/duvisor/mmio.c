/* A guest access to a device: fetch and decode the instruction, find the device, do the access, step over. */
#include "probe.h"
#include "guest_access.h"
#include "vcpu.h"

/* The instruction at the guest's pc; the second half is read only if there is one (it may lie in the next page). */
static u32 fetch(u64 pc) {
    u32 insn = hulvx_hu(pc);
    if ((insn & 3) == 3) insn |= (u32)hulvx_hu(pc + 2) << 16;
    return insn;
}

enum vcpu_next emulate_mmio(struct vcpu *v, gpa_t gpa) {
    PHASE(decode);
    STEP(mmio_decode);
    struct mmio_insn insn;
    u32 word = fetch(v->uepc);
    if (!decode_mmio(word, &insn)) {
        say("instruction 0x%lx is no integer load or store", (u64)word);
        vcpu_die(v, "MMIO");
    }
    const struct mmio_device *device = bus_find(v->vm, gpa, insn.size);
    if (!device) vcpu_die(v, "no device at this address");

    PHASE(other);
    STEP(mmio_device);
    u64 offset = gpa - device->base;
    if (insn.store) {
        device->write(device->state, offset, insn.size, insn.reg ? v->x[insn.reg] : 0);
    } else {
        u64 value = extend_loaded(&insn, device->read(device->state, offset, insn.size));
        if (insn.reg) v->x[insn.reg] = value;
    }
    v->uepc += insn.length;
    return VCPU_RESUME;
}
