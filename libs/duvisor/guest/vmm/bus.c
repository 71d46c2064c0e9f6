/* The MMIO bus: disjoint ranges sorted by base, found by binary search. */
#include "vmm.h"

void bus_add(struct vm *vm, struct mmio_device device) {
    int at = vm->device_count;
    if (at == MAX_DEVICES) die(1, "bus: more than %d devices", MAX_DEVICES);
    for (; at > 0 && vm->devices[at - 1].base > device.base; at--) vm->devices[at] = vm->devices[at - 1];
    vm->devices[at] = device;
    vm->device_count++;
    for (int i = 1; i < vm->device_count; i++)
    if (vm->devices[i - 1].base + vm->devices[i - 1].size > vm->devices[i].base)
        die(1, "bus: ranges overlap at 0x%lx", vm->devices[i].base);
}

/* The device that holds all of [address, address + size), or null. */
const struct mmio_device *bus_find(const struct vm *vm, gpa_t address, int size) {
    int low = 0, high = vm->device_count;
    while (low < high) {
    int middle = (low + high) / 2;
    const struct mmio_device *device = &vm->devices[middle];
    if (address < device->base) high = middle;
    else if (address - device->base >= device->size) low = middle + 1;
    else return address - device->base + size <= device->size ? device : 0;
    }
    return 0;
}
