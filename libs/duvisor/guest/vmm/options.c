/* Command line (duvisor.md §10, the options whose subject exists). Bad usage ends the process with code 2. */
#include "sys.h"
#include "vmm.h"

#define USAGE 2

static u64 number(const char *option, const char *text, u64 low, u64 high) {
    u64 value;
    if (!parse_number(text, &value) || value < low || value > high)
    die(USAGE, "%s: found \"%s\", expected a number from %lu to %lu", option, text, low, high);
    return value;
}

static const struct backend *backend_named(const char *name) {
    if (strcmp(name, duvisor_backend.name) == 0) return &duvisor_backend;
    if (strcmp(name, kvm_backend.name) == 0) return &kvm_backend;
    die(USAGE, "--accel: found \"%s\", expected duvisor or kvm", name);
}

static void check_machine(const char *name) {
    if (strcmp(name, "duvisor_virt") != 0) die(USAGE, "--machine: found \"%s\", expected duvisor_virt", name);
}

void parse_options(struct vm *vm, int argc, char **argv) {
    vm->ram_size = 512 * MIB;
    vm->smp = 1;
    vm->append = "";
    for (int i = 1; i < argc; i += 2) {
    const char *option = argv[i];
    const char *value = argv[i + 1]; /* argv[argc] is null */
    if (option[0] != '-' || option[1] != '-') die(USAGE, "\"%s\": expected an option", option);
    if (!value) die(USAGE, "%s: expected a value", option);
    if (strcmp(option, "--accel") == 0) vm->backend = backend_named(value);
    else if (strcmp(option, "--machine") == 0) check_machine(value);
    else if (strcmp(option, "--kernel") == 0) vm->kernel_path = value;
    else if (strcmp(option, "--initrd") == 0) vm->initrd_path = value;
    else if (strcmp(option, "--block") == 0) vm->block_path = value;
    else if (strcmp(option, "--vmtap") == 0) vm->tap_name = value;
    else if (strcmp(option, "--memory") == 0) vm->ram_size = number(option, value, 64, 1 << 16) * MIB;
    else if (strcmp(option, "--smp") == 0) vm->smp = number(option, value, 1, 1);
    else if (strcmp(option, "--append") == 0) vm->append = value;
    else die(USAGE, "%s: unknown option", option);
    }
    if (!vm->backend) die(USAGE, "--accel: missing, expected duvisor or kvm");
    if (!vm->kernel_path) die(USAGE, "--kernel: missing, expected a file");
}
