/* The DV-driver, /dev/dv_driver: start-up, resources and shoot-downs of VM processes (duvisor.md 11). No VM exit comes here. */
#include "dv.h"
#include "errno.h"
#include "generated/abi.h"
#include "kernel.h"
#include "kernel/sbi.h"
#include "memlayout.h"
#include "plic.h"
#include "sbi-abi.h"

#define MAX_VMS 32 /* sets of vPMP areas the firmware keeps */

bool dv_present;

static spinlock_t vm_lock;
static u64 next_vmid;
static u64 sets_in_use;

static struct dv_process *process_of(const struct file *f) { return f->private; }

static int dv_open(struct file *f) {
    struct process *p = current->process;
    if (p->dv) return -EPERM;
    struct dv_process *d = kzalloc(sizeof(*d));
    if (!d) return -ENOMEM;
    list_init(&d->areas);
    spin_lock(&vm_lock);
    u64 set = 0;
    while (set < MAX_VMS && (sets_in_use >> set & 1)) set++;
    if (set < MAX_VMS) sets_in_use |= BIT(set);
    d->vmid = next_vmid;
    if (set < MAX_VMS) next_vmid++;
    spin_unlock(&vm_lock);
    if (set == MAX_VMS) {
        kfree(d);
        return -EAGAIN;
    }
    d->vpmp_set = set;
    f->private = d;
    p->dv = d;
    return 0;
}

static void area_free(struct dv_process *d, struct dv_area *a) {
    sbi_call(SBI_EXT_VPMP, SBI_VPMP_REMOVE, a->pfn << PAGE_SHIFT, a->bytes, d->vpmp_set, 0, 0);
    contig_free(a->pfn << PAGE_SHIFT, a->bytes);
    kfree(a);
}

static void dv_release(struct file *f) {
    struct dv_process *d = process_of(f);
    if (current->process->dv == d) {
        dv_load_process(NULL);
        current->process->dv = NULL;
    }
    list_for_each_safe(l, tmp, &d->areas) area_free(d, list_entry(l, struct dv_area, link));
    spin_lock(&vm_lock);
    sets_in_use &= ~BIT(d->vpmp_set);
    spin_unlock(&vm_lock);
    kfree(d);
}

static int dv_mmap(struct file *f, struct vma *v) {
    struct dv_process *d = process_of(f);
    if (v->file_offset || !(v->flags & VM_SHARED)) return -EINVAL;
    struct dv_area *a = kzalloc(sizeof(*a));
    if (!a) return -ENOMEM;
    a->va = v->start;
    a->bytes = v->end - v->start;
    paddr_t base = contig_alloc(a->bytes);
    if (!base) {
        kfree(a);
        return -ENOMEM;
    }
    a->pfn = base >> PAGE_SHIFT;
    struct sbi_result r = sbi_call(SBI_EXT_VPMP, SBI_VPMP_ADD, base, a->bytes, d->vpmp_set, 0, 0);
    int error = r.error == SBI_SUCCESS || r.error == SBI_ERR_NOT_SUPPORTED ? remap_pfn_range(v, a->pfn) : -EAGAIN;
    if (error) {
        area_free(d, a);
        return error;
    }
    spin_lock(&d->lock);
    list_add_tail(&d->areas, &a->link);
    spin_unlock(&d->lock);
    return 0;
}

static s64 put_u64(u64 arg, u64 value) { return copy_to_user(arg, &value, sizeof(value)); }

static s64 request_deleg(struct dv_process *d, u64 arg) {
    u64 mask[2];
    if (copy_from_user(mask, arg, sizeof(mask))) return -EFAULT;
    if (mask[0] & ~(u64)DV_EDELEG_ALLOWED || mask[1] & ~(u64)DV_IDELEG_ALLOWED) return -EPERM;
    d->sedeleg = mask[0];
    d->sideleg = mask[1] | DV_SIDELEG_ALWAYS;
    d->hedeleg = DV_HEDELEG;
    d->hideleg = DV_HIDELEG;
    d->delegated = true;
    unsigned long flags = local_irq_save();
    dv_load_process(d);
    local_irq_restore(flags);
    return 0;
}

static s64 register_vcpu(void) {
    struct task *t = current;
    if (!dv_present) return -ENODEV;
    if (t->dv) return -EPERM;
    struct dv_thread *v = kzalloc(sizeof(*v));
    if (!v) return -ENOMEM;
    v->regs[DV_VTIMECMP_INDEX] = ~0UL;
    task_frame(t)->hstatus = csr_read(CSR_HSTATUS) | HSTATUS_HU;
    t->dv = v;
    return 0;
}

static s64 unregister_vcpu(void) {
    if (!current->dv) return -EPERM;
    dv_unregister(current);
    return 0;
}

static struct dv_area *find_area(struct dv_process *d, u64 va, u64 pfn) {
    list_for_each(l, &d->areas) {
        struct dv_area *a = list_entry(l, struct dv_area, link);
        if (a->va == va || a->pfn == pfn) return a;
    }
    return NULL;
}

static s64 query_pfn(struct dv_process *d, u64 arg) {
    u64 va;
    if (copy_from_user(&va, arg, sizeof(va))) return -EFAULT;
    spin_lock(&d->lock);
    struct dv_area *a = find_area(d, va, 0);
    u64 pfn = a ? a->pfn : 0;
    spin_unlock(&d->lock);
    return a ? put_u64(arg, pfn) : -EFAULT;
}

static s64 release_pfn(struct dv_process *d, u64 arg) {
    u64 pfn;
    if (copy_from_user(&pfn, arg, sizeof(pfn))) return -EFAULT;
    spin_lock(&d->lock);
    struct dv_area *a = pfn ? find_area(d, 0, pfn) : NULL;
    if (a) list_del(&a->link);
    spin_unlock(&d->lock);
    if (!a) return -EFAULT;
    mm_unmap(current->mm, a->va, a->bytes);
    area_free(d, a);
    return 0;
}

static s64 remote_fence(u64 arg) {
    u64 mask = 0;
    for (u32 i = 0; i < nr_harts; i++) mask |= BIT(harts[i].hartid);
    u64 result[2] = { (u64)sbi_remote_hfence_gvma(mask, 0, ~0UL), 0 };
    return copy_to_user(arg, result, sizeof(result));
}

static s64 get_cpuid(u64 arg) {
    u64 hartid;
    if (copy_from_user(&hartid, arg, sizeof(hartid))) return -EFAULT;
    for (u32 i = 0; i < nr_harts; i++)
        if (harts[i].hartid == hartid) return put_u64(arg, i);
    return -EINVAL;
}

static s64 set_vinterrupt(u64 arg) {
    u32 value;
    if (copy_from_user(&value, arg, sizeof(value))) return -EFAULT;
    *(volatile u32 *)phys_to_virt(PLIC_BASE + PLIC_VINTERRUPTS) = value;
    return 0;
}

static s64 dv_ioctl(struct file *f, u32 cmd, u64 arg) {
    struct dv_process *d = process_of(f);
    switch (cmd) {
    case DV_GET_API_VERSION: return put_u64(arg, DV_API_VERSION);
    case DV_REGISTER_SHARED_MEM: return 0;
    case DV_REQUEST_DELEG: return request_deleg(d, arg);
    case DV_REGISTER_VCPU: return register_vcpu();
    case DV_UNREGISTER_VCPU: return unregister_vcpu();
    case DV_QUERY_PFN: return query_pfn(d, arg);
    case DV_RELEASE_PFN: return release_pfn(d, arg);
    case DV_REMOTE_FENCE: return remote_fence(arg);
    case DV_GET_VMID: return put_u64(arg, d->vmid);
    case DV_GET_CPUID: return get_cpuid(arg);
    case DV_SET_VINTERRUPT: return set_vinterrupt(arg);
    default: return -ENOSYS; /* GET_VINTERRUPT_ADDR and VPLIC_CLAIM too: one leaks, one is for debugging */
    }
}

static const struct file_ops dv_ops = { .open = dv_open, .release = dv_release, .mmap = dv_mmap, .ioctl = dv_ioctl };

void dv_init(void) {
    dv_present = boot.dv_ext;
    if (!dv_present) return;
    dv_hart_init();
    device_register("dv_driver", &dv_ops);
}
