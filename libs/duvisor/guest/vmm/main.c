/* One process, one virtual machine: options, memory, images, devices, then the back end's run loop. */
#include "virtio.h"
#include "vmm.h"

void vm_stop(struct vm *vm, int code) {
    vm->exit_code = code;
    vm->stopped = true;
}

int main(int argc, char **argv) {
    static struct vm vm;
    parse_options(&vm, argc, argv);
    vm.backend->create(&vm);
    load_kernel(&vm);
    load_initrd(&vm);
    build_dtb(&vm);
    uart_attach(&vm);
    block_attach(&vm);
    net_attach(&vm);
    vm.backend->run(&vm);
    return vm.exit_code;
}
