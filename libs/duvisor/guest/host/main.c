/* Start of the host kernel: order of initialisation, then the boot thread becomes the idle thread. */
#include "dv.h"
#include "kernel.h"
#include "packet.h"
#include "plic.h"
#include "virtio.h"

static void start_init(void) {
    struct process *p = process_create();
    struct task *t = p ? task_create(p, "init") : NULL;
    if (!t) panic("start_init: no memory");
    init_process = p;
    int error = exec_init(p, t, boot.init_path, boot.init_args);
    if (error) panic("init %s: error %d", boot.init_path, error);

    struct process *own = current->process;
    current->process = p; /* descriptors 0, 1, 2 */
    for (int i = 0; i < 3; i++) fd_install(file_new(device_find("console"), NULL, 2));
    current->process = own;
    sched_add(t);
}

/* Runs differ in when they start relative to the clock and the caches' random replacement. */
static void start_skew(void) {
    for (volatile u64 n = boot_random(0, 4096); n; n--) {}
}

void kernel_main(u64 hartid, paddr_t device_tree) {
    sched_init();
    csr_write(CSR_SCOUNTEREN, ~0UL);
    paddr_t free = boot_read(device_tree, (u32)hartid);
    kernel_table_init();
    page_init(free);
    mm_init();
    timer_init(timebase_hz);
    plic_init();
    console_init();
    virtio_init();
    tun_init();
    dv_init();
    vplic_dev_init();
    kvm_init();
    start_skew();
    start_init();
    idle_loop();
}
