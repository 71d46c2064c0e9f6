/*
 * Interrupts of devices, posted to the guest without a kernel and without an exit (dv-ext.md §10, rocket): a bit of the
 * machine's vinterrupts register is a source of its interrupt controller, whose VS context of this hart belongs to the guest.
 */
#include "generated/memory-map.h"
#include "probe.h"
#include "sys.h"
#include "vcpu.h"

#define VINTERRUPTS_PAGE 0x1F00000ul /* its offset in the controller's window */
#define DEFAULT_FIRST_SOURCE 5

static volatile u32 *vinterrupts;
static u32 first_source; /* of bit 0 */

void vplic_create(void) {
    int fd = sys_open("/dev/vplic_dev", O_RDWR);
    if (fd < 0) die(1, "/dev/vplic_dev: cannot open, errno %d", -fd);
    long page = sys_mmap_at(4096, MAP_SHARED, fd, VINTERRUPTS_PAGE);
    if (page < 0) die(1, "/dev/vplic_dev: cannot map, errno %d", (int)-page);
    vinterrupts = (volatile u32 *)page;
    *vinterrupts = 0;
    first_source = read_device_tree("soc/interrupt-controller/dv-ext,vint-base", DEFAULT_FIRST_SOURCE);
    if (first_source > SOURCE_BLOCK || SOURCE_SERIAL - first_source >= 32)
        die(1, "/dev/vplic_dev: sources from %u on, expected %d to %d among them (profile qemu has no devices here)", first_source,
            SOURCE_BLOCK, SOURCE_SERIAL);
}

/*
 * A request is latched by the controller and taken back by nobody, so a falling wire needs nothing. The other bits are
 * written as they are: a 0 would withdraw a request made between claim and completion. vm->irq_lock held.
 */
void vplic_post(int source) {
    STEP(vplic_post);
    *vinterrupts |= 1u << (source - first_source);
}
