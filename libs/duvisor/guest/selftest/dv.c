/* The DV-driver's interface (duvisor.md 11), and the host's answer to a hostile G-stage table. */
#include "generated/abi.h"
#include "generated/csr.h"
#include "memlayout.h"
#include "selftest.h"

#define MIB (1UL << 20)
#define AREA (4 * MIB)
#define IOCTL(number, arg) CALL(ioctl, fd, number, arg, 0, 0, 0)

static s64 fd;

static s64 open_driver(void) { return CALL(openat, -100, "/dev/dv_driver", 2, 0, 0, 0); }
static u8 *map_area(u64 bytes) { return (u8 *)CALL(mmap, 0, bytes, PROT_RW, 1, fd, 0); }

void dv_driver(void) {
    fd = open_driver();
    CHECK(fd >= 0);
    EXPECT(open_driver(), -EPERM);
    u64 v = 0, pair[2];
    EXPECT(IOCTL(DV_GET_API_VERSION, &v), 0);
    CHECK(v == DV_API_VERSION);
    EXPECT(IOCTL(DV_GET_VMID, &v), 0);
    CHECK(v == 0);
    EXPECT(IOCTL(DV_GET_VMID, 0x10), -EFAULT);
    v = 0;
    EXPECT(IOCTL(DV_GET_CPUID, &v), 0);
    CHECK(v == 0);
    v = 77;
    EXPECT(IOCTL(DV_GET_CPUID, &v), -EINVAL);
    EXPECT(IOCTL(DV_GET_VINTERRUPT_ADDR, &v), -ENOSYS);
    EXPECT(IOCTL(DV_VPLIC_CLAIM, 0), -ENOSYS);
    EXPECT(IOCTL(0x1234, 0), -ENOSYS);

    pair[0] = 0xF00400 | 4, pair[1] = 0x11; /* illegal instructions are not to be had */
    EXPECT(IOCTL(DV_REQUEST_DELEG, pair), -EPERM);
    pair[0] = 0xF00400, pair[1] = 0x13;
    EXPECT(IOCTL(DV_REQUEST_DELEG, pair), -EPERM);
    pair[1] = 0x11;
    EXPECT(IOCTL(DV_REQUEST_DELEG, pair), 0);

    EXPECT(CALL(mmap, 0, AREA, PROT_RW, 2, fd, 0), -EINVAL); /* private */
    u8 *area = map_area(AREA);
    CHECK((s64)area > 0);
    for (u64 i = 0; i < AREA; i += 4096) CHECK(*(u64 *)(area + i) == 0);
    for (u64 i = 0; i < AREA; i += 4096) *(u64 *)(area + i) = i;
    v = (u64)area;
    EXPECT(IOCTL(DV_QUERY_PFN, &v), 0);
    CHECK(v >= 0x80200 && (v & 3) == 0);
    u64 pfn = v;
    v = (u64)area + 4096;
    EXPECT(IOCTL(DV_QUERY_PFN, &v), -EFAULT);
    EXPECT(CALL(munmap, area + 4096, 4096, 0, 0, 0, 0), -EINVAL); /* as a whole or not at all */
    EXPECT(IOCTL(DV_RELEASE_PFN, &pfn), 0);
    EXPECT(IOCTL(DV_RELEASE_PFN, &pfn), -EFAULT);
    EXPECT(CALL(write, 1, area, 1, 0, 0, 0), -EFAULT); /* unmapped with it */
    area = map_area(AREA);
    for (u64 i = 0; i < AREA; i += 4096) CHECK(*(u64 *)(area + i) == 0); /* nothing of the last user */
    EXPECT((s64)map_area(1024 * MIB), -ENOMEM);

    EXPECT(IOCTL(DV_UNREGISTER_VCPU, 0), -EPERM);
    EXPECT(IOCTL(DV_REGISTER_VCPU, 0), 0);
    EXPECT(IOCTL(DV_REGISTER_VCPU, 0), -EPERM);
    __asm__ volatile("csrw " TEXT(CSR_HUVSSCRATCH) ", %0" ::"r"(0x1234));
    CALL(sched_yield, 0, 0, 0, 0, 0, 0);
    struct timespec t = { 0, 20000000 };
    EXPECT(CALL(nanosleep, &t, 0, 0, 0, 0, 0), 0); /* the idle thread ran meanwhile */
    __asm__ volatile("csrr %0, " TEXT(CSR_HUVSSCRATCH) : "=r"(v));
    CHECK(v == 0x1234);
    EXPECT(IOCTL(DV_REMOTE_FENCE, pair), 0);
    CHECK(pair[0] == 0);
    EXPECT(IOCTL(DV_UNREGISTER_VCPU, 0), 0);
    /* The record lives as long as the descriptor or a mapping. */
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
    EXPECT(open_driver(), -EPERM);
    EXPECT(CALL(munmap, area, AREA, 0, 0, 0, 0), 0);
    fd = open_driver();
    EXPECT(IOCTL(DV_GET_VMID, &v), 0);
    CHECK(v == 1);
    EXPECT(CALL(close, fd, 0, 0, 0, 0, 0), 0);
}

/* A guest whose G-stage maps memory that is not its own begins there: the memory check kills the process (signal 9). */
static void run_foreign(u64 physical) {
    u64 v, deleg[2] = { 0xF00400, 0x11 };
    fd = open_driver();
    CHECK(fd >= 0);
    EXPECT(IOCTL(DV_REQUEST_DELEG, deleg), 0);
    u64 *area = (u64 *)map_area(MIB);
    v = (u64)area;
    EXPECT(IOCTL(DV_QUERY_PFN, &v), 0);
    EXPECT(IOCTL(DV_REGISTER_VCPU, 0), 0);
    area[2] = RAM_BASE >> 2 | 0xdf;  /* root, 3rd GiB: a 1 GiB leaf D A U X W R V onto the start of RAM */
    __asm__ volatile("fence rw, rw\ncsrw " TEXT(CSR_HUGATP) ", %0\n.word 0xE2000073" ::"r"(8UL << 60 | v) : "memory");
    __asm__ volatile("csrw " TEXT(CSR_UEPC) ", %0\ncsrw " TEXT(CSR_HUSTATUS) ", %1\n.word 0x00200073" ::"r"(physical),
                     "r"(HUSTATUS_UPV | HUSTATUS_UPVP | HUSTATUS_VTW) : "memory");
    fail("the guest returned", 0);
}

void dv_foreign(void) { run_foreign(RAM_BASE); }         /* the firmware: closed in every mode of vPMP */
void dv_foreign_host(void) { run_foreign(KERNEL_BASE); } /* the host kernel: closed with vpmp=perVm */
