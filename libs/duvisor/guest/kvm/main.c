/* /dev/kvm, VMs and vCPUs as files, and what concerns vCPUs from outside (Linux: virt/kvm/kvm_main.c). */
#include "csr.h"
#include "errno.h"
#include "kernel/printk.h"
#include "kernel/slab.h"
#include "kernel/string.h"
#include "kernel/uaccess.h"
#include "kvm/kvm.h"

#define HEDELEG                                                                                                         \
    (1ul << CAUSE_FETCH_MISALIGNED | 1ul << CAUSE_BREAKPOINT | 1ul << CAUSE_ECALL_U | 1ul << CAUSE_FETCH_PAGE |         \
     1ul << CAUSE_LOAD_PAGE | 1ul << CAUSE_STORE_PAGE)
#define HIDELEG (1ul << IRQ_VSSI | 1ul << IRQ_VSTI | 1ul << IRQ_VSEI)
/* Guests read all three counters: the microbenchmarks use rdcycle. (Linux allows time only and traps the others.) */
#define HCOUNTEREN 7

/* --- loading and leaving a hart --- */

void vcpu_load(struct kvm_vcpu *v) {
    preempt_disable();
    STEP_CALL(preempt_notifier_register, kvm_arch_vcpu_load, preempt_notifier_register(&v->notifier));
    arch_vcpu_load(v);
    preempt_enable();
}

void vcpu_put(struct kvm_vcpu *v) {
    preempt_disable();
    arch_vcpu_put(v);
    STEP_CALL(preempt_notifier_unregister, kvm_arch_vcpu_put, preempt_notifier_unregister(&v->notifier));
    preempt_enable();
}

static void sched_in(struct preempt_notifier *n, u32 hart) {
    (void)hart;
    arch_vcpu_load(container_of(n, struct kvm_vcpu, notifier));
}

static void sched_out(struct preempt_notifier *n, struct task *next) {
    (void)next;
    arch_vcpu_put(container_of(n, struct kvm_vcpu, notifier));
}

static const struct preempt_notifier_ops notifier_ops = {sched_in, sched_out};

/* --- requests and kicks --- */

void make_request(struct kvm_vcpu *v, int request) {
    smp_wmb(); /* what the request is about comes first; pairs with check_request() */
    set_bit(request, &v->requests);
}

/* In the guest on another hart: an IPI makes it leave. Asleep in WFI: it wakes. */
void vcpu_kick(struct kvm_vcpu *v) {
    wake_up(&v->wait);
    s32 hart = READ_ONCE(v->hart);
    if (hart >= 0 && (u32)hart != hart_id() && READ_ONCE(v->mode) == IN_GUEST_MODE) kick_hart(hart);
}

/* Next set bit at or after `from`, or KVM_MAX_VCPUS. */
static __attribute__((noinline)) u32 next_bit(const u64 *mask, u32 from) {
    if (from >= KVM_MAX_VCPUS) return KVM_MAX_VCPUS;
    u64 word = mask[from / 64] & ~0ul << (from % 64);
    while (!word) {
        from = (from | 63) + 1;
        if (from >= KVM_MAX_VCPUS) return KVM_MAX_VCPUS;
        word = mask[from / 64];
    }
    u32 bit = from & ~63u;
    for (; !(word & 1); word >>= 1) bit++;
    return bit;
}

/* Makes the request of every vCPU in the mask; those inside the guest on other harts are kicked. */
void make_vcpus_request_mask(struct kvm *kvm, int request, const u64 *mask) {
    preempt_disable();
    u32 me = hart_id();
    for (u32 from = 0;;) {
        u32 i;
        STEP_CALL(_find_next_bit, kvm_make_vcpus_request_mask, i = next_bit(mask, from));
        if (i >= KVM_MAX_VCPUS) break;
        from = i + 1;
        struct kvm_vcpu *v;
        STEP_CALL(xa_find, kvm_make_vcpus_request_mask, v = vcpus_find(kvm->vcpus, &i));
        if (!v || i + 1 != from) continue;
        make_request(v, request);
        s32 hart = READ_ONCE(v->hart);
        if (hart >= 0 && (u32)hart != me) vcpu_kick(v);
    }
    preempt_enable();
}

/* Why a WFI is over: something to take, or the end. */
static bool wait_is_over(const struct kvm_vcpu *v) { return has_interrupt(v) || kill_pending(); }

static void vcpu_block(struct kvm_vcpu *v) {
    STEP(kvm_vcpu_block);
    WAITER(waiter);
    for (;;) {
        wait_prepare(&v->wait, &waiter);
        if (wait_is_over(v)) break;
        schedule();
    }
    wait_finish(&v->wait, &waiter);
}

/* Worth polling only while nothing else wants the hart. */
static bool may_poll(u64 now, u64 stop) { return !need_resched() && !current->hart->nr_running && now < stop; }

/* Looks for an interrupt again and again for as long as earlier waits made it worth while. ns at the end. */
static u64 poll_for_interrupt(const struct kvm_vcpu *v, u64 start) {
    u64 now, stop = start + v->halt_poll_ns;
    do {
        if (wait_is_over(v)) return ktime_get();
        now = ktime_get();
    } while (may_poll(now, stop));
    return now;
}

/* A wait a little too long for the polling before it makes the next polling longer; one far too long makes it pointless. */
static void adapt_polling(struct kvm_vcpu *v, u64 waited) {
    if (waited <= v->halt_poll_ns) return;
    if (waited > HALT_POLL_MAX_NS) v->halt_poll_ns = 0;
    else v->halt_poll_ns = MIN(MAX(HALT_POLL_START_NS, v->halt_poll_ns * 2), HALT_POLL_MAX_NS);
}

/* WFI: polls, then sleeps until an enabled interrupt is pending or the process is killed. */
void vcpu_halt(struct kvm_vcpu *v) {
    STEP(kvm_vcpu_halt);
    u64 start = ktime_get(), end = start;
    if (v->halt_poll_ns) end = poll_for_interrupt(v, start);
    if (!wait_is_over(v)) {
        vcpu_block(v);
        STEP(kvm_vcpu_halt);
        end = ktime_get();
    }
    adapt_polling(v, end - start);
}

/* --- a vCPU's file --- */

static struct page *run_page_fault(struct vma *vma, u64 addr) {
    struct kvm_vcpu *v = vma->private;
    if (addr != vma->start) return NULL;
    struct page *page = virt_to_page(v->run);
    get_page(page);
    return page;
}

static const struct vma_ops run_page_ops = {.fault = run_page_fault};

static int vcpu_mmap(struct file *f, struct vma *vma) {
    vma->ops = &run_page_ops;
    vma->private = f->private;
    return 0;
}

static s64 vcpu_one_reg(struct kvm_vcpu *v, u32 cmd, u64 arg) {
    struct kvm_one_reg reg;
    if (copy_from_user(&reg, arg, sizeof reg)) return -EFAULT;
    return cmd == KVM_SET_ONE_REG ? set_one_reg(v, &reg) : get_one_reg(v, &reg);
}

/* KVM_INTERRUPT: the guest's external interrupt up or down. May come from any thread, while the vCPU runs. */
static s64 vcpu_interrupt(struct kvm_vcpu *v, u64 arg) {
    struct kvm_interrupt interrupt;
    if (copy_from_user(&interrupt, arg, sizeof interrupt)) return -EFAULT;
    switch (interrupt.irq) {
    case KVM_INTERRUPT_SET: set_interrupt(v, IRQ_VSEI); return 0;
    case KVM_INTERRUPT_UNSET: unset_interrupt(v, IRQ_VSEI); return 0;
    default: return -EINVAL;
    }
}

static s64 vcpu_ioctl(struct file *f, u32 cmd, u64 arg) {
    PHASE(transfer);
    STEP(kvm_vcpu_ioctl);
    struct kvm_vcpu *v = f->private;
    if (v->kvm->mm != current->mm) return -EIO;
    if ((cmd >> 8 & 0xFF) != 0xAE) return -EINVAL;
    if (cmd == KVM_INTERRUPT) return vcpu_interrupt(v, arg);

    int killed;
    STEP_CALL(mutex_lock_killable, kvm_vcpu_ioctl, killed = mutex_lock_killable(&v->mutex));
    if (killed) return -EINTR;
    s64 result;
    switch (cmd) {
    case KVM_RUN:
        result = -EINVAL;
        if (arg) break;
        if (v->task != current) v->task = current;
        result = vcpu_run(v);
        STEP(kvm_vcpu_ioctl);
        break;
    case KVM_SET_ONE_REG:
    case KVM_GET_ONE_REG: result = vcpu_one_reg(v, cmd, arg); break;
    default: result = -EINVAL;
    }
    STEP_CALL(mutex_unlock, kvm_vcpu_ioctl, mutex_unlock(&v->mutex));
    return result;
}

static void kvm_put(struct kvm *kvm);

/* vCPUs live as long as their VM: other vCPUs may still walk the table. */
static void vcpu_release(struct file *f) { kvm_put(((struct kvm_vcpu *)f->private)->kvm); }

static const struct file_ops vcpu_ops = {.ioctl = vcpu_ioctl, .mmap = vcpu_mmap, .release = vcpu_release};

static struct kvm_vcpu *vcpu_create(struct kvm *kvm, u32 id) {
    struct kvm_vcpu *v = kzalloc(sizeof *v);
    if (!v) return NULL;
    v->run = get_zeroed_page();
    if (!v->run) {
        kfree(v);
        return NULL;
    }
    v->kvm = kvm;
    v->id = id;
    v->hart = -1;
    v->last_exit_hart = -1;
    v->notifier.ops = &notifier_ops;
    list_init(&v->notifier.link);
    mutex_init(&v->mutex);
    spin_lock_init(&v->irqs_lock);
    spin_lock_init(&v->hfence_lock);
    wait_queue_init(&v->wait);
    vcpu_timer_init(v);
    vcpu_reset(v);
    return v;
}

static void vcpu_free(struct kvm_vcpu *v) {
    hrtimer_cancel(&v->timer);
    pt_cache_free(v);
    put_page(virt_to_page(v->run)); /* user mappings hold their own references */
    kfree(v);
}

/* --- a VM's file --- */

static s64 create_vcpu(struct kvm *kvm, u64 id) {
    if (id >= KVM_MAX_VCPUS) return -EINVAL;
    struct kvm_vcpu *v = vcpu_create(kvm, id);
    if (!v) return -ENOMEM;
    mutex_lock(&kvm->slots_lock);
    u32 index = id;
    s64 result = vcpus_find(kvm->vcpus, &index) && index == id ? -EEXIST : vcpus_add(kvm->vcpus, id, v);
    mutex_unlock(&kvm->slots_lock);
    if (result) {
        vcpu_free(v);
        return result;
    }
    atomic_inc(&kvm->users);
    s64 fd = anon_inode_getfd(&vcpu_ops, v, 0);
    if (fd < 0) kvm_put(kvm);
    return fd;
}

static s64 vm_ioctl(struct file *f, u32 cmd, u64 arg) {
    struct kvm *kvm = f->private;
    if (kvm->mm != current->mm) return -EIO;
    switch (cmd) {
    case KVM_CREATE_VCPU: return create_vcpu(kvm, arg);
    case KVM_SET_USER_MEMORY_REGION: {
        struct kvm_userspace_memory_region region;
        if (copy_from_user(&region, arg, sizeof region)) return -EFAULT;
        return set_memory_region(kvm, &region);
    }
    case KVM_IOEVENTFD: {
        struct kvm_ioeventfd args;
        if (copy_from_user(&args, arg, sizeof args)) return -EFAULT;
        return set_ioeventfd(kvm, &args);
    }
    default: return -ENOTTY;
    }
}

/* References: the VM's file and each vCPU's. */
static void kvm_put(struct kvm *kvm) {
    if (!atomic_dec_and_test(&kvm->users)) return;
    mm_notifier_unregister(kvm->mm, &kvm->notifier);
    u32 i;
    struct kvm_vcpu *v;
    for_each_vcpu(i, v, kvm) vcpu_free(v);
    vcpus_free(kvm->vcpus);
    gstage_destroy(kvm);
    bus_destroy(kvm);
    kfree(kvm->slots);
    kfree(kvm);
}

static void vm_release(struct file *f) { kvm_put(f->private); }

static const struct file_ops vm_ops = {.ioctl = vm_ioctl, .release = vm_release};

static s64 create_vm(void) {
    struct kvm *kvm = kzalloc(sizeof *kvm);
    if (!kvm) return -ENOMEM;
    kvm->slots = kzalloc(sizeof *kvm->slots);
    kvm->bus = kzalloc(sizeof *kvm->bus);
    kvm->vcpus = vcpus_create();
    if (!kvm->slots || !kvm->bus || !kvm->vcpus || gstage_create(kvm)) {
        kfree(kvm->slots);
        kfree(kvm->bus);
        kfree(kvm->vcpus);
        kfree(kvm);
        return -ENOMEM;
    }
    kvm->mm = current->mm;
    srcu_init(&kvm->srcu);
    mutex_init(&kvm->slots_lock);
    spin_lock_init(&kvm->mmu_lock);
    atomic_set(&kvm->users, 1);
    kvm->notifier.ops = &kvm_notifier_ops;
    mm_notifier_register(kvm->mm, &kvm->notifier);
    s64 fd = anon_inode_getfd(&vm_ops, kvm, 0);
    if (fd < 0) kvm_put(kvm);
    return fd;
}

/* --- /dev/kvm --- */

static s64 system_ioctl(struct file *f, u32 cmd, u64 arg) {
    (void)f;
    switch (cmd) {
    case KVM_GET_API_VERSION: return KVM_API_VERSION;
    case KVM_CREATE_VM: return arg ? -EINVAL : create_vm();
    case KVM_CHECK_EXTENSION: return 0;
    case KVM_GET_VCPU_MMAP_SIZE: return PAGE_SIZE;
    default: return -ENOTTY;
    }
}

static const struct file_ops system_ops = {.ioctl = system_ioctl};

/* Turns virtualization on, on this hart, and offers /dev/kvm. */
int kvm_init(void) {
    for (u32 i = 0; i < nr_harts; i++) {
        harts[i].hedeleg = HEDELEG;
        harts[i].hideleg = HIDELEG;
    }
    csr_write(CSR_HEDELEG, HEDELEG);
    csr_write(CSR_HIDELEG, HIDELEG);
    csr_write(CSR_HCOUNTEREN, HCOUNTEREN);
    interrupts_init();
    vmid_detect();
    device_register("kvm", &system_ops);
    printk("kvm: Sv39x4, %u VMID bits\n", vmid_bits());
    return 0;
}
