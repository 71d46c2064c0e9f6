/* What a trap from user mode means: a table of causes. Entry and return are entry.S's. */
#include "vm.h"

static void kill(const struct frame *f, u64 cause, const char *why) {
    printk("vm: %s: %s: cause %ld, pc 0x%lx, address 0x%lx\n", current->name, why, cause, f->x[0], csr_read(CSR_STVAL));
    process_exit(139);
}

static void fault(const struct frame *f, u64 cause, u32 access) {
    int error = space_fault(&current->space, csr_read(CSR_STVAL), access);
    if (error) kill(f, cause, error == -ENOMEM ? "out of memory" : "page fault");
}

static void exception(struct frame *f, u64 cause) {
    switch (cause) {
    case CAUSE_ECALL_U:
        f->x[0] += 4;
        syscall(f);
        return;
    case CAUSE_FETCH_PAGE: fault(f, cause, VM_EXEC); return;
    case CAUSE_LOAD_PAGE: fault(f, cause, VM_READ); return;
    case CAUSE_STORE_PAGE: fault(f, cause, VM_WRITE); return;
    default: kill(f, cause, "killed");
    }
}

void trap_user(struct frame *f) {
    u64 cause = csr_read(CSR_SCAUSE);
    switch (cause) {
    case CAUSE_INTERRUPT | IRQ_STI: timer_interrupt(true); break;
    case CAUSE_INTERRUPT | IRQ_SEI: plic_interrupt(); break;
    default: exception(f, cause);
    }
    net_flush();
    if (need_resched) yield();
}

void trap_kernel(u64 sp, u64 ra) {
    panic("trap in the kernel: cause %ld, pc 0x%lx, address 0x%lx, sp 0x%lx, ra 0x%lx", csr_read(CSR_SCAUSE),
          csr_read(CSR_SEPC), csr_read(CSR_STVAL), sp, ra);
}
