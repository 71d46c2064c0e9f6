/* What a trap to HS means: a table of causes. Entry and return are entry.S's. */
#include "dv.h"
#include "errno.h"
#include "kernel.h"
#include "kernel/sbi.h"
#include "plic.h"

struct extable_entry {
    u64 at, resume;
};
extern const struct extable_entry extable_start[], extable_end[];

u64 extable_find(u64 epc) {
    for (const struct extable_entry *e = extable_start; e < extable_end; e++)
        if (e->at == epc) return e->resume;
    return 0;
}

enum signal { SIGILL = 4, SIGTRAP = 5, SIGBUS = 7, SIGKILL = 9, SIGSEGV = 11 };

static void kill_current(const struct trapframe *f, enum signal sig, const char *why) {
    printk("%s[%u]: %s: cause %ld, epc 0x%lx, tval 0x%lx: killed by signal %d\n", current->name, current->process->pid, why,
           f->cause, f->epc, f->badaddr, sig);
    kill_process(current->process, sig);
}

/* Serve a page fault of the current process. 0 or -errno. */
static int fault_in(u64 addr, u64 cause) {
    struct mm *mm = current->mm;
    if (!mm || addr >= USER_TOP) return -EFAULT;
    unsigned flags = cause == CAUSE_STORE_PAGE ? FAULT_WRITE : cause == CAUSE_FETCH_PAGE ? FAULT_EXEC : 0;
    down_read(&mm->mmap_lock);
    struct vma *v = vma_lookup(mm, addr);
    int error = v ? handle_mm_fault(v, addr, flags) : -EFAULT;
    up_read(&mm->mmap_lock);
    return error;
}

static void user_exception(struct trapframe *f) {
    switch (f->cause) {
    case CAUSE_ECALL_U:
        f->orig_a0 = f->a0;
        f->epc += 4;
        syscall(f);
        return;
    case CAUSE_FETCH_PAGE:
    case CAUSE_LOAD_PAGE:
    case CAUSE_STORE_PAGE:
        if (fault_in(f->badaddr, f->cause)) kill_current(f, SIGSEGV, "page fault");
        return;
    case CAUSE_ILLEGAL:
    case CAUSE_VIRTUAL: kill_current(f, SIGILL, "illegal instruction"); return;
    case CAUSE_BREAKPOINT: kill_current(f, SIGTRAP, "breakpoint"); return;
    default: kill_current(f, SIGBUS, "fault"); return;
    }
}

static void kernel_exception(struct trapframe *f) {
    if (f->cause == CAUSE_LOAD_PAGE || f->cause == CAUSE_STORE_PAGE) {
        u64 resume = extable_find(f->epc);
        if (resume) {
            local_irq_enable();
            if (fault_in(f->badaddr, f->cause)) f->epc = resume;
            return;
        }
    }
    panic("trap in the kernel: cause %ld, epc 0x%lx, tval 0x%lx, ra 0x%lx, sp 0x%lx", f->cause, f->epc, f->badaddr, f->ra,
          f->sp);
}

void trap_exception(struct trapframe *f) {
    if (!from_user(f)) {
        kernel_exception(f);
        return;
    }
    local_irq_enable();
    if ((f->hstatus & HSTATUS_SPV) && dv_guest_trap(f)) return;
    user_exception(f);
}

void trap_interrupt(struct trapframe *f) {
    current->hart->irq_from_user = from_user(f);
    switch (f->cause & ~CAUSE_INTERRUPT) {
    case IRQ_STI: hrtimer_interrupt(); return;
    case IRQ_SEI: plic_interrupt(); return;
    case IRQ_SSI: /* kick_hart(): having left the guest was all that was asked for */
        csr_clear(CSR_SIP, BIT(IRQ_SSI));
        return;
    default: panic("interrupt %ld: nobody handles it", f->cause & ~CAUSE_INTERRUPT);
    }
}

/* On the way back to user or guest, interrupts on, with current->work not zero. */
void user_work(struct trapframe *f) {
    (void)f;
    if (kill_pending()) task_exit(0);
    mm_fold_counters(current);
    schedule();
}
