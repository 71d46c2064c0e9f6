/* The kernel back end: guest RAM is ordinary anonymous memory, the guest runs inside ioctl(KVM_RUN) of /dev/kvm. */
#include "guest_sbi.h"
#include "kvm/uapi.h"
#include "plic.h"
#include "probe.h"
#include "sys.h"
#include "vmm.h"

#define EINTR 4

static int vm_fd, vcpu_fd;
static struct kvm_run *run_page;

static long call(const char *name, int fd, u64 request, u64 argument) {
    long result = sys_ioctl(fd, request, argument);
    if (result < 0) die(1, "/dev/kvm: %s failed, errno %d", name, (int)-result);
    return result;
}

static void set_reg(u64 id, u64 value) {
    struct kvm_one_reg reg = {id, (u64)&value};
    call("KVM_SET_ONE_REG", vcpu_fd, KVM_SET_ONE_REG, (u64)&reg);
}

static u64 get_reg(u64 id) {
    u64 value = 0;
    struct kvm_one_reg reg = {id, (u64)&value};
    call("KVM_GET_ONE_REG", vcpu_fd, KVM_GET_ONE_REG, (u64)&reg);
    return value;
}

/* The external interrupt of the vCPU; from any thread, while the vCPU runs. */
static void set_external(u32 vcpu, bool high) {
    (void)vcpu; /* --smp 1 */
    struct kvm_interrupt interrupt = {high ? KVM_INTERRUPT_SET : KVM_INTERRUPT_UNSET};
    STEP(vmm_interrupt);
    call("KVM_INTERRUPT", vcpu_fd, KVM_INTERRUPT, (u64)&interrupt);
}

static void set_line(struct vm *vm, int source, bool high) {
    (void)vm;
    plic_set_line(source, high);
}

static void notify_by(struct vm *vm, gpa_t address, int eventfd) {
    (void)vm;
    struct kvm_ioeventfd args = {.addr = address, .len = 4, .fd = eventfd};
    call("KVM_IOEVENTFD", vm_fd, KVM_IOEVENTFD, (u64)&args);
}

static void create(struct vm *vm) {
    int kvm = sys_open("/dev/kvm", O_RDWR);
    if (kvm < 0) die(1, "/dev/kvm: cannot open, errno %d", -kvm);
    long version = call("KVM_GET_API_VERSION", kvm, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) die(1, "/dev/kvm: interface version %d, expected %d", (int)version, KVM_API_VERSION);

    long ram = sys_mmap(vm->ram_size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
    if (ram < 0) die(1, "no %lu bytes of memory for the guest, errno %d", vm->ram_size, (int)-ram);
    vm->ram = (u8 *)ram;

    vm_fd = call("KVM_CREATE_VM", kvm, KVM_CREATE_VM, 0);
    struct kvm_userspace_memory_region region = {
        .guest_phys_addr = GUEST_RAM, .memory_size = vm->ram_size, .userspace_addr = ram};
    call("KVM_SET_USER_MEMORY_REGION", vm_fd, KVM_SET_USER_MEMORY_REGION, (u64)&region);

    vcpu_fd = call("KVM_CREATE_VCPU", vm_fd, KVM_CREATE_VCPU, 0);
    long page_size = call("KVM_GET_VCPU_MMAP_SIZE", kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    long page = sys_mmap(page_size, MAP_SHARED, vcpu_fd);
    if (page < 0) die(1, "/dev/kvm: cannot map the run page, errno %d", (int)-page);
    run_page = (struct kvm_run *)page;
    vm->timebase = get_reg(KVM_REG_RISCV_TIMER | KVM_REG_TIMER_FREQUENCY);
    plic_attach(vm, set_external);
}

static void on_mmio(struct vm *vm) {
    gpa_t gpa = run_page->mmio.phys_addr;
    int size = run_page->mmio.len;
    const struct mmio_device *device = bus_find(vm, gpa, size);
    if (!device) die(1, "no device at 0x%lx (%d bytes)", gpa, size);
    /* The module extends what a load returns; data[] is little endian, low bytes first. */
    u64 *data = (u64 *)run_page->mmio.data;
    if (run_page->mmio.is_write) {
        u64 value = size == 8 ? *data : *data & ((1ul << 8 * size) - 1);
        device->write(device->state, gpa - device->base, size, value);
    } else {
        *data = device->read(device->state, gpa - device->base, size);
    }
}

/* Calls the module does not answer itself: console, and the project's test results. */
static void on_sbi(struct vm *vm) {
    u64 argument = run_page->riscv_sbi.args[0];
    u64 *ret = run_page->riscv_sbi.ret;
    ret[0] = 0;
    ret[1] = 0;
    switch (run_page->riscv_sbi.extension_id) {
    case SBI_LEGACY_PUTCHAR: console_put(argument); break;
    case SBI_LEGACY_GETCHAR: ret[0] = -1; break; /* no console input yet */
    case SBI_TEST_PASSED: vm_stop(vm, 0); break;
    case SBI_TEST_FAILED: vm_stop(vm, argument - 1 < 255 ? argument : 1); break;
    default: ret[0] = SBI_ERR_NOT_SUPPORTED; break;
    }
}

/* The guest shut itself down; SBI reset reason 1 is "system failure". */
static void on_system_event(struct vm *vm) {
    if (run_page->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN) die(1, "the guest asked for a reset");
    vm_stop(vm, run_page->system_event.data[0] ? 1 : 0);
}

static void run(struct vm *vm) {
    set_reg(KVM_REG_RISCV_CORE + 0, vm->entry);
    set_reg(KVM_REG_RISCV_CORE + 10, 0);         /* a0 = hart id */
    set_reg(KVM_REG_RISCV_CORE + 11, GUEST_DTB); /* a1 */
    while (!vm->stopped) {
        PHASE(transfer);
        STEP(vmm_ioctl);
        long result = sys_ioctl(vcpu_fd, KVM_RUN, 0);
        PHASE(other);
        STEP(vmm_dispatch);
        if (result < 0 && result != -EINTR) die(1, "/dev/kvm: KVM_RUN failed, errno %d", (int)-result);
        if (result < 0) continue;
        switch (run_page->exit_reason) {
        case KVM_EXIT_MMIO: on_mmio(vm); break;
        case KVM_EXIT_RISCV_SBI: on_sbi(vm); break;
        case KVM_EXIT_SYSTEM_EVENT: on_system_event(vm); break;
        default: die(1, "/dev/kvm: unexpected exit reason %d", (int)run_page->exit_reason);
        }
    }
}

const struct backend kvm_backend = {.name = "kvm", .create = create, .run = run, .set_line = set_line, .notify_by = notify_by};
