/*
 * /dev/vplic_dev: the register of software-driven interrupt sources, mapped into a VM's process, so that it posts interrupts
 * to its guest without the kernel (duvisor.md 11, dv-ext.md 10). Offsets are those of the interrupt controller's window; one
 * process at a time, since a machine has one such register.
 */
#include "dv.h"
#include "errno.h"
#include "kernel.h"
#include "memlayout.h"
#include "plic.h"

static struct file *owner;
static spinlock_t lock;

static int vplic_open(struct file *f) {
    spin_lock(&lock);
    bool busy = owner;
    if (!busy) owner = f;
    spin_unlock(&lock);
    return busy ? -EBUSY : 0;
}

/* Only the page of vinterrupts: the guest's own pages of the window are a matter of its G-stage table. */
static int vplic_mmap(struct file *f, struct vma *v) {
    (void)f;
    if (v->file_offset != PLIC_VINTERRUPTS || v->end - v->start != PAGE_SIZE || !(v->flags & VM_SHARED)) return -EINVAL;
    return remap_pfn_range(v, (plic_base() + PLIC_VINTERRUPTS) >> PAGE_SHIFT);
}

static void vplic_release(struct file *f) {
    (void)f;
    plic_clear_guest();
    spin_lock(&lock);
    owner = NULL;
    spin_unlock(&lock);
}

static const struct file_ops vplic_ops = { .open = vplic_open, .mmap = vplic_mmap, .release = vplic_release };

void vplic_dev_init(void) {
    if (boot.dv_ext && plic_base()) device_register("vplic_dev", &vplic_ops);
}
