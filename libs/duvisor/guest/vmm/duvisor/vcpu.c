/* The delegated back end: start-up with the kernel's help (duvisor.md §4), then a run loop that never needs it. */
#include "csr.h"
#include "generated/abi.h"
#include "probe.h"
#include "sys.h"
#include "vcpu.h"

#define TABLE_BYTES (32 * MIB)
#define DEFAULT_TIMEBASE 1000000

/* ecall from VS, guest page faults, virtual instruction; and the user-level timer and software interrupts. */
#define DELEGATED_EXCEPTIONS                                                                                            \
    (1ul << CAUSE_ECALL_VS | 1ul << CAUSE_FETCH_GUEST_PAGE | 1ul << CAUSE_LOAD_GUEST_PAGE | 1ul << CAUSE_VIRTUAL |      \
     1ul << CAUSE_STORE_GUEST_PAGE)
#define DELEGATED_INTERRUPTS (1ul << IRQ_UTI | 1ul << IRQ_USI)

_Static_assert(offsetof(struct vcpu, host) == VCPU_HOST, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, x) == VCPU_X, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, hustatus) == VCPU_HUSTATUS, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, hucounteren) == VCPU_HUCOUNTEREN, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, hutval) == VCPU_HUTVAL, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, uepc) == VCPU_UEPC, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, ucause) == VCPU_UCAUSE, "enter_guest.S");
_Static_assert(offsetof(struct vcpu, utval) == VCPU_UTVAL, "enter_guest.S");

static int driver; /* /dev/dv_driver */
static struct gstage gstage;
static struct vcpu vcpu0;

static void driver_call(const char *name, u64 request, u64 argument) {
    long result = sys_ioctl(driver, request, argument);
    if (result < 0) die(1, "/dev/dv_driver: %s failed, errno %d", name, (int)-result);
}

u32 read_device_tree(const char *path, u32 missing) {
    static const char root[] = "/proc/device-tree/";
    char name[96];
    u8 cell[4];
    size_t length = strlen(path);
    if (sizeof root + length > sizeof name) return missing;
    memcpy(name, root, sizeof root - 1);
    memcpy(name + sizeof root - 1, path, length + 1);
    int fd = sys_open(name, O_RDONLY);
    if (fd < 0) return missing;
    long n = sys_read(fd, cell, sizeof cell);
    sys_close(fd);
    return n == sizeof cell ? (u32)cell[0] << 24 | cell[1] << 16 | cell[2] << 8 | cell[3] : missing;
}

/* A falling wire withdraws nothing: what was posted stays until the guest claims it. */
static void set_line(struct vm *vm, int source, bool high) {
    (void)vm;
    if (!high) return;
    vplic_post(source);
    vcpu_wake(&vcpu0);
}

static void create(struct vm *vm) {
    driver = sys_open("/dev/dv_driver", O_RDWR);
    if (driver < 0) die(1, "/dev/dv_driver: cannot open, errno %d (is the machine's dvext none?)", -driver);

    u64 size = TABLE_BYTES + vm->ram_size;
    long area = sys_mmap(size, MAP_SHARED, driver);
    if (area < 0) die(1, "/dev/dv_driver: no %lu bytes of contiguous memory, errno %d", size, (int)-area);
    u64 pfn = area;
    driver_call("QUERY_PFN", DV_QUERY_PFN, (u64)&pfn);
    gstage_create(&gstage, (u8 *)area, pfn << 12, TABLE_BYTES, vm->ram_size);

    u64 delegation[2] = {DELEGATED_EXCEPTIONS, DELEGATED_INTERRUPTS};
    driver_call("REQUEST_DELEG", DV_REQUEST_DELEG, (u64)delegation);
    vm->ram = (u8 *)area + TABLE_BYTES;
    vm->timebase = read_device_tree("cpus/timebase-frequency", DEFAULT_TIMEBASE);
    if (vm->block_path || vm->tap_name) vplic_create();
}

/* The thread of vCPU `id` stays on hart `id`: a guest addresses the interrupt controller of that hart (dv-ext.md §10). */
static void pin_to_hart(u64 id) {
    u64 cpu = id;
    driver_call("GET_CPUID", DV_GET_CPUID, (u64)&cpu);
    u64 mask = 1ul << cpu;
    long result = sys_setaffinity(sizeof mask, &mask);
    if (result < 0) die(1, "cannot stay on cpu %lu, errno %d", cpu, (int)-result);
}

/* CSRs that stay put while this thread runs, then the state in which a guest starts: a0 = hart id, a1 = device tree. */
static void vcpu_start(struct vcpu *v, struct vm *vm) {
    pin_to_hart(v->hart);
    driver_call("REGISTER_VCPU", DV_REGISTER_VCPU, 0); /* from here on HU-mode */
    csr_write(CSR_HUGATP, gstage_hugatp(&gstage));
    csr_write(CSR_UTVEC, (u64)exit_vector);
    csr_write(CSR_HUIE, DELEGATED_INTERRUPTS);
    csr_write(CSR_HUTIMEDELTA, -csr_read(CSR_TIME));
    csr_write(CSR_HUVIP, 0);

    v->vm = vm;
    v->gstage = &gstage;
    v->uepc = vm->entry;
    v->x[10] = 0;
    v->x[11] = GUEST_DTB;
    v->hucounteren = ~0ul;
}

/* Ends the process; `what` and the exit's registers say why. */
void vcpu_die(const struct vcpu *v, const char *what) {
    die(1, "%s: ucause 0x%lx uepc 0x%lx utval 0x%lx hutval 0x%lx hustatus 0x%lx", what, v->ucause, v->uepc, v->utval,
        v->hutval, v->hustatus);
}

static void run(struct vm *vm) {
    struct vcpu *v = &vcpu0;
    vcpu_start(v, vm);
    u64 privilege = HUSTATUS_UPVP;
    enum vcpu_next next;
    do {
        PHASE(entry);
        STEP(loop);
        virq_flush(v);
        /* UPV is cleared by every URET; UPVP keeps the guest's privilege across the exit. */
        v->hustatus = HUSTATUS_UPV | privilege | HUSTATUS_VTW | HUSTATUS_UPIE;
        enter_guest(v);
        privilege = v->hustatus & HUSTATUS_UPVP;
        next = dispatch_exit(v);
    } while (next == VCPU_RESUME);
    driver_call("UNREGISTER_VCPU", DV_UNREGISTER_VCPU, 0);
}

const struct backend duvisor_backend = {.name = "duvisor", .create = create, .run = run, .set_line = set_line};
