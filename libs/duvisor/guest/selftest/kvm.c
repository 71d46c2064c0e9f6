/*
 * /dev/kvm beyond what the VMM uses: wrong calls, registers, ioeventfd, interrupts from another thread, memory that changes
 * behind the guest. The guest reports by 4-byte stores to REPORT, each of which ends KVM_RUN.
 */
#include "kvm/uapi.h"

#include "kernel/string.h"
#include "selftest.h"

#define RAM 0x80000000UL
#define RAM_SIZE 0x10000UL
#define FRESH (RAM + 0x4000) /* a page nobody has touched */
#define DOORBELL 0x2000UL
#define REPORT 0x3000UL

/* VS-mode, paging off. s0 = DOORBELL, s1 = REPORT, s2 = FRESH; a0 rings the bell, a1 does not. */
extern const u8 guest_code[], guest_code_end[];
__asm__(".section .rodata\n"
        ".balign 4\n"
        "guest_code:\n"
        "  sw a0, 0(s0)\n" /* stays in the kernel */
        "  sw a1, 0(s0)\n" /* the wrong value: comes out */
        "  lbu t0, 0(s2)\n"
        "  sw t0, 0(s1)\n"
        "  lbu t0, 0(s2)\n" /* the VMM wrote meanwhile */
        "  sw t0, 0(s1)\n"
        "  la t1, guest_handler\n"
        "  csrw stvec, t1\n"
        "  li t1, 0x200\n"
        "  csrw sie, t1\n"
        "  csrsi sstatus, 2\n"
        "  wfi\n"
        "  csrci sstatus, 2\n"
        "  csrr t0, 0x600\n" /* hstatus: a virtual instruction, shown to the guest as illegal */
        "  lbu t0, 0(s2)\n"  /* the slot is gone: a device */
        "  sw t0, 0(s1)\n"
        "  lbu t0, 0(s2)\n" /* the slot is back, its memory is not */
        ".balign 4\n"
        "guest_handler:\n"
        "  csrr t0, scause\n"
        "  sw t0, 0(s1)\n"
        "  bltz t0, 1f\n"
        "  csrr t0, sepc\n"
        "  addi t0, t0, 4\n"
        "  csrw sepc, t0\n"
        "1: sret\n"
        "guest_code_end:\n"
        ".text\n");

static s64 vm, vcpu;
static struct kvm_run *run;

static s64 ioctl(s64 fd, u64 request, const void *argument) { return CALL(ioctl, fd, request, argument, 0, 0, 0); }

static s64 set_region(u32 slot, u64 gpa, u64 size, const void *memory) {
    struct kvm_userspace_memory_region region = {
        .slot = slot, .guest_phys_addr = gpa, .memory_size = size, .userspace_addr = (u64)memory
    };
    return ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static s64 set_reg(u64 id, u64 value) {
    struct kvm_one_reg reg = { id, (u64)&value };
    return ioctl(vcpu, KVM_SET_ONE_REG, &reg);
}

static u64 get_reg(u64 id) {
    u64 value = 0;
    struct kvm_one_reg reg = { id, (u64)&value };
    EXPECT(ioctl(vcpu, KVM_GET_ONE_REG, &reg), 0);
    return value;
}

static s64 ioeventfd(s64 fd, u32 length, u32 flags) {
    struct kvm_ioeventfd args = { .datamatch = 7, .addr = DOORBELL, .len = length, .fd = (s32)fd, .flags = flags };
    return ioctl(vm, KVM_IOEVENTFD, &args);
}

static s64 interrupt(u32 irq) {
    struct kvm_interrupt args = { irq };
    return ioctl(vcpu, KVM_INTERRUPT, &args);
}

/* Runs until the guest stores to `gpa`; the value stored. */
static u32 next_store(u64 gpa) {
    EXPECT(ioctl(vcpu, KVM_RUN, 0), 0);
    CHECK(run->exit_reason == KVM_EXIT_MMIO && run->mmio.is_write && run->mmio.len == 4);
    CHECK(run->mmio.phys_addr == gpa);
    return *(u32 *)run->mmio.data;
}

static u8 stack[8192] __attribute__((aligned(16)));
static s32 alive;

static void interrupt_later(void *unused) {
    (void)unused;
    struct timespec t = { 0, 3000000 };
    EXPECT(CALL(nanosleep, &t, 0, 0, 0, 0, 0), 0);
    EXPECT(interrupt(KVM_INTERRUPT_SET), 0);
}

static u8 *map(u64 size) {
    s64 at = CALL(mmap, 0, size, PROT_RW, MAP_PRIVATE_ANONYMOUS, -1, 0);
    CHECK(at > 0);
    return (u8 *)at;
}

static void create(u8 *memory) {
    s64 kvm = CALL(openat, -100, "/dev/kvm", 2, 0, 0, 0);
    CHECK(kvm >= 0);
    EXPECT(ioctl(kvm, KVM_GET_API_VERSION, 0), 12);
    EXPECT(ioctl(kvm, 0xAE7F, 0), -ENOTTY);
    vm = ioctl(kvm, KVM_CREATE_VM, 0);
    CHECK(vm >= 0);
    EXPECT(set_region(0, RAM, RAM_SIZE, memory), 0);
    EXPECT(set_region(0, RAM, RAM_SIZE / 2, memory), -EINVAL);       /* resizing */
    EXPECT(set_region(1, RAM + 0x1000, 0x1000, memory), -EEXIST);    /* overlapping */
    EXPECT(set_region(1, RAM + RAM_SIZE, 0x800, memory), -EINVAL);   /* not whole pages */
    EXPECT(set_region(1, RAM + RAM_SIZE, 0, memory), -EINVAL);       /* not there */
    vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
    CHECK(vcpu >= 0);
    EXPECT(ioctl(vm, KVM_CREATE_VCPU, 0), -EEXIST);
    EXPECT(ioctl(vm, KVM_CREATE_VCPU, (void *)1024), -EINVAL);
    s64 page = CALL(mmap, 0, ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_RW, 1, vcpu, 0);
    CHECK(page > 0);
    run = (struct kvm_run *)page;
}

static void registers(void) {
    const u64 start[][2] = { { 0, RAM }, { 8, DOORBELL }, { 9, REPORT }, { 10, 7 }, { 11, 8 }, { 18, FRESH } };
    for (u32 i = 0; i < ARRAY_SIZE(start); i++) {
        EXPECT(set_reg(KVM_REG_RISCV_CORE + start[i][0], start[i][1]), 0);
        CHECK(get_reg(KVM_REG_RISCV_CORE + start[i][0]) == start[i][1]);
    }
    CHECK(get_reg(KVM_REG_RISCV_CORE + 32) == 1); /* S-mode */
    EXPECT(set_reg(KVM_REG_RISCV_CSR + 3, 0x1234), 0);
    CHECK(get_reg(KVM_REG_RISCV_CSR + 3) == 0x1234);
    EXPECT(set_reg(KVM_REG_RISCV_CORE + 33, 0), -EINVAL);
    EXPECT(set_reg(KVM_REG_RISCV_CSR + 10, 0), -EINVAL);
    EXPECT(set_reg(KVM_REG_RISCV_TIMER + KVM_REG_TIMER_FREQUENCY, 1), -EINVAL);
    CHECK(get_reg(KVM_REG_RISCV_TIMER + KVM_REG_TIMER_FREQUENCY) >= 1000000);
}

static void doorbell(void) {
    s64 fd = CALL(eventfd2, 0, 0, 0, 0, 0, 0);
    EXPECT(ioeventfd(-1, 4, KVM_IOEVENTFD_FLAG_DATAMATCH), -EBADF);
    EXPECT(ioeventfd(fd, 3, KVM_IOEVENTFD_FLAG_DATAMATCH), -EINVAL);
    EXPECT(ioeventfd(fd, 4, KVM_IOEVENTFD_FLAG_DATAMATCH), 0);
    EXPECT(ioeventfd(fd, 4, KVM_IOEVENTFD_FLAG_DATAMATCH), -EEXIST);
    CHECK(next_store(DOORBELL) == 8); /* the first store, of 7, did not come out */
    u64 rung = 0;
    EXPECT(CALL(read, fd, &rung, 8, 0, 0, 0), 8);
    CHECK(rung == 1);
    EXPECT(ioeventfd(fd, 4, KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN), 0);
    EXPECT(ioeventfd(fd, 4, KVM_IOEVENTFD_FLAG_DATAMATCH | KVM_IOEVENTFD_FLAG_DEASSIGN), -ENOENT);
}

void kvm(void) {
    u8 *memory = map(RAM_SIZE);
    memcpy(memory, guest_code, (size_t)(guest_code_end - guest_code));
    create(memory);
    registers();
    EXPECT(ioctl(vcpu, KVM_RUN, (void *)1), -EINVAL);
    run->immediate_exit = 1;
    EXPECT(ioctl(vcpu, KVM_RUN, 0), -EINTR);
    run->immediate_exit = 0;
    doorbell();

    /* The guest's load mapped the shared page of zeros; the VMM's store gives this address a page of its own. */
    CHECK(next_store(REPORT) == 0);
    memory[FRESH - RAM] = 0x5A;
    CHECK(next_store(REPORT) == 0x5A);

    alive = 1;
    CHECK(thread_create(stack + sizeof(stack), &alive, interrupt_later, 0) > 0);
    CHECK(next_store(REPORT) == 9); /* low half of scause: the external interrupt that ended wfi */
    EXPECT(interrupt(KVM_INTERRUPT_UNSET), 0);
    EXPECT(interrupt(5), -EINVAL);
    for (s32 v; (v = __atomic_load_n(&alive, __ATOMIC_ACQUIRE));) CALL(futex, &alive, 0, v, 0, 0, 0);
    CHECK(next_store(REPORT) == 2);

    EXPECT(set_region(0, RAM, 0, memory), 0);
    EXPECT(set_region(1, RAM, FRESH - RAM, memory), 0);
    EXPECT(ioctl(vcpu, KVM_RUN, 0), 0);
    CHECK(run->exit_reason == KVM_EXIT_MMIO && !run->mmio.is_write && run->mmio.phys_addr == FRESH && run->mmio.len == 1);
    run->mmio.data[0] = 0xC3;
    CHECK(next_store(REPORT) == 0xC3);

    EXPECT(set_region(2, FRESH, 0x1000, memory + (FRESH - RAM)), 0);
    EXPECT(CALL(munmap, memory + (FRESH - RAM), 0x1000, 0, 0, 0, 0), 0);
    EXPECT(ioctl(vcpu, KVM_RUN, 0), -EFAULT);
}
