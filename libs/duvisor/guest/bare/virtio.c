/*
 * Drives the VM's virtio devices the way a driver does, by interrupts: `test=block`, `test=net`. Or the way no driver would:
 * `fault=<what>` puts something senseless into the queue of the disk, `fuzz=N` and `fuzz-net=N` fill queues with noise of seed
 * N; the VMM may end the VM then, and nothing worse may happen. `plic=N` looks at page N of the interrupt controller.
 */
#include "bare.h"
#include "csr.h"
#include "generated/memory-map.h"
#include "guest_sbi.h"
#include "kernel/string.h"
#include "probe.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE_ID = 0x008, FEATURES = 0x010, FEATURES_SELECT = 0x014, DRIVER_FEATURES = 0x020,
    DRIVER_FEATURES_SELECT = 0x024, QUEUE_SELECT = 0x030, QUEUE_SIZE_MAX = 0x034, QUEUE_SIZE = 0x038, QUEUE_READY = 0x044,
    QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060, INTERRUPT_ACK = 0x064, STATUS = 0x070, QUEUE_DESCRIPTORS = 0x080,
    QUEUE_DRIVER = 0x090, QUEUE_DEVICE = 0x0A0, CONFIG = 0x100,
};

/* More than the 8 KiB of the other guests (bare.ld). */
asm(".globl bare_limit\n.set bare_limit, 0x80206000");

#define SIZE 8
#define NEXT 1
#define WRITE 2
#define SECTOR 512

struct descriptor {
    u64 address;
    u32 length;
    u16 flags, next;
};
/* A queue in guest RAM above the image: pages that nothing else uses. */
struct queue {
    struct descriptor descriptors[SIZE];
    struct {
        u16 flags, index, ring[SIZE], unused;
    } available;
    struct {
        u16 flags, index;
        struct {
            u32 id, length;
        } ring[SIZE];
    } used __attribute__((aligned(4)));
};
static volatile struct queue *const queues = (volatile struct queue *)0x80400000ul;
static u8 *const buffers = (u8 *)0x80410000ul;

static u64 device; /* registers */
static u32 source;

static u32 get(u32 offset) { return *(volatile u32 *)(device + offset); }
static void set(u32 offset, u32 value) { *(volatile u32 *)(device + offset) = value; }

static u64 failures;

static void expect(const char *what, u64 found, u64 expected) {
    if (found == expected) return;
    say("virtio: %s: found 0x%lx, expected 0x%lx\n", what, found, expected);
    failures++;
}

/* The device at a node below /soc; false when the tree has none. */
static bool find(const struct fdt *tree, const char *name, u32 id) {
    int node = fdt_child(tree, fdt_child(tree, fdt_root(tree), "soc"), name);
    const void *reg = fdt_property(tree, node, "reg", 0);
    if (!reg) return false;
    device = fdt_cell64(reg, 0);
    source = fdt_number(tree, node, "interrupts", 0);
    expect("magic", get(MAGIC), 0x74726976);
    expect("version", get(VERSION), 2);
    expect("device id", get(DEVICE_ID), id);
    return true;
}

/* --- interrupts: context 2 of the controller, the third output of hart 0 --- */

#define PRIORITY(i) (PLIC_BASE + 4 * (i))
#define ENABLE(i) (PLIC_BASE + 0x2100 + (i) / 32 * 4)
#define THRESHOLD (PLIC_BASE + 0x202000)
#define CLAIM (PLIC_BASE + 0x202004)

static volatile u64 interrupts, last_claim;

static __attribute__((interrupt("supervisor"), aligned(4))) void on_interrupt(void) {
    u32 claimed = *(volatile u32 *)CLAIM;
    if (claimed) {
        set(INTERRUPT_ACK, get(INTERRUPT_STATUS));
        *(volatile u32 *)CLAIM = claimed;
        last_claim = claimed;
        interrupts++;
    }
}

static void enable_interrupts(void) {
    *(volatile u32 *)PRIORITY((u64)source) = 1;
    *(volatile u32 *)ENABLE((u64)source) = 1u << source % 32;
    *(volatile u32 *)THRESHOLD = 0;
    csr_write(CSR_STVEC, (u64)on_interrupt);
    csr_set(CSR_SIE, 1 << IRQ_SEI);
}

/* Sleeps until the device has used `count` chains of queue q in all. Interrupts are on for one moment a round. */
static void wait_used(int q, u16 count) {
    for (;;) {
        csr_set(CSR_SSTATUS, SSTATUS_SIE);
        csr_clear(CSR_SSTATUS, SSTATUS_SIE);
        if (queues[q].used.index == count) return;
        asm volatile("wfi");
    }
}

/* --- device and queues --- */

static void set_address(u32 offset, volatile const void *address) {
    set(offset, (u64)address);
    set(offset + 4, (u64)address >> 32);
}

static void begin(u64 features) {
    set(STATUS, 0);
    set(STATUS, 1 | 2);
    for (u32 half = 0; half < 2; half++) {
        set(DRIVER_FEATURES_SELECT, half);
        set(DRIVER_FEATURES, (features | 1ul << 32) >> 32 * half);
    }
    set(STATUS, 1 | 2 | 8);
}

static void start_queue(u32 q) {
    set(QUEUE_SELECT, q);
    set(QUEUE_SIZE, SIZE);
    set_address(QUEUE_DESCRIPTORS, queues[q].descriptors);
    set_address(QUEUE_DRIVER, &queues[q].available);
    set_address(QUEUE_DEVICE, &queues[q].used);
    set(QUEUE_READY, 1);
}

static void describe(u32 q, u16 i, const void *address, u32 length, u16 flags) {
    queues[q].descriptors[i].address = (u64)address;
    queues[q].descriptors[i].length = length;
    queues[q].descriptors[i].flags = flags;
    queues[q].descriptors[i].next = i + 1;
}

static void offer(u32 q, u16 head) {
    queues[q].available.ring[queues[q].available.index % SIZE] = head;
    asm volatile("fence rw, rw" ::: "memory");
    queues[q].available.index++;
    asm volatile("fence iorw, iorw" ::: "memory");
    set(QUEUE_NOTIFY, q);
}

/* --- the disk --- */

struct request {
    u32 type, reserved;
    u64 sector;
};

static u16 requests;

/* One request with `length` bytes at `data`; its status. */
static u8 request(u32 type, u64 sector, u8 *data, u32 length) {
    struct request *header = (struct request *)buffers;
    volatile u8 *status = buffers + sizeof *header;
    *header = (struct request){type, 0, sector};
    *status = 0xAA;
    u16 n = 0;
    describe(0, n++, header, sizeof *header, NEXT);
    if (length) describe(0, n++, data, length, type == 1 ? NEXT : NEXT | WRITE);
    describe(0, n++, (const void *)status, 1, WRITE);
    offer(0, 0);
    wait_used(0, ++requests);
    return *status;
}

static bool start_disk(const struct fdt *tree) {
    if (!find(tree, "virtio@10000000", 2)) return false;
    begin(1 << 9);
    start_queue(0);
    set(STATUS, 1 | 2 | 8 | 4);
    return true;
}

/* Reads what the disk holds, writes over it, reads that again; then what a disk refuses. */
static void test_block(void) {
    u8 *data = buffers + 4096, *again = buffers + 16384;
    u64 sectors = *(volatile u32 *)(device + CONFIG);
    enable_interrupts();
    expect("queue size", get(QUEUE_SIZE_MAX) >= SIZE, 1);
    expect("read", request(0, 0, data, 2 * SECTOR), 0);
    expect("claimed", last_claim, source);
    say("virtio: disk of %lu sectors begins with 0x%x\n", sectors, *(u32 *)data);
    for (u32 i = 0; i < 3 * SECTOR; i++) data[i] = i * 7 + i / SECTOR;
    expect("write", request(1, sectors - 3, data, 3 * SECTOR), 0);
    expect("flush", request(4, 0, 0, 0), 0);
    expect("read again", request(0, sectors - 3, again, 3 * SECTOR), 0);
    expect("same bytes", memcmp(data, again, 3 * SECTOR), 0);
    expect("bytes used", queues[0].used.ring[(requests - 1) % SIZE].length, 3 * SECTOR + 1);
    expect("beyond the end", request(0, sectors - 1, again, 2 * SECTOR), 1);
    expect("far beyond the end", request(1, ~0ul / SECTOR, data, SECTOR), 1);
    expect("part of a sector", request(0, 0, again, 100), 1);
    expect("unknown request", request(77, 0, again, SECTOR), 2);
    expect("interrupts at most one a request", interrupts && interrupts <= requests, 1);
}

/* --- the network --- */

/* An ARP question from 10.0.2.15 about 10.0.2.2, sent to everybody; the header of the device in front. */
static const u8 arp[] = {
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* struct virtio_net_hdr */
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 0x08, 0x06,
    0x00, 0x01, 0x08, 0x00, 6, 4, 0x00, 0x01, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 10, 0, 2, 15,
    0, 0, 0, 0, 0, 0, 10, 0, 2, 2,
};
#define HEADER 12
#define NET_ROUNDS 6
#define ARP_TYPE (HEADER + 12)
#define ARP_OPERATION (HEADER + 20)
#define ARP_SENDER (HEADER + 28)

static bool start_net(const struct fdt *tree) {
    if (!find(tree, "virtio@10000200", 1)) return false;
    begin(1 << 5);
    start_queue(0);
    start_queue(1);
    set(STATUS, 1 | 2 | 8 | 4);
    return true;
}

static bool test_net(const struct fdt *tree) {
    if (!start_net(tree)) return false;
    expect("address", *(volatile u32 *)(device + CONFIG), 0x12005452);
    enable_interrupts();
    u8 *frame = buffers + 4096;
    for (u16 i = 0; i < 4; i++) {
        describe(0, i, frame + 2048 * i, 2048, WRITE);
        offer(0, i);
    }
    for (u16 round = 1; round <= NET_ROUNDS; round++) {
        if (round == 2) measure_begin(); /* every page has been touched */
        OP();
        memcpy(buffers, arp, sizeof arp);
        describe(1, 0, buffers, HEADER, NEXT);
        describe(1, 1, buffers + HEADER, sizeof arp - HEADER, 0);
        offer(1, 0);
        wait_used(0, round);
        u32 id = queues[0].used.ring[(round - 1) % SIZE].id;
        const u8 *answer = frame + 2048 * (id % 4);
        expect("long enough", queues[0].used.ring[(round - 1) % SIZE].length >= sizeof arp, 1);
        expect("buffers in the header", answer[10], 1);
        expect("an ARP frame", answer[ARP_TYPE] << 8 | answer[ARP_TYPE + 1], 0x0806);
        expect("an answer", answer[ARP_OPERATION + 1], 2);
        expect("from 10.0.2.2", answer[ARP_SENDER] << 24 | answer[ARP_SENDER + 1] << 16 | answer[ARP_SENDER + 3], 10 << 24 | 2);
        wait_used(1, round);
        offer(0, id);
    }
    measure_end();
    expect("claimed", last_claim, source);
    return true;
}

/* --- what no driver does --- */

/* Sleeps, so that the device's thread gets to run; interrupts are off all the time. */
static void nap(u64 ticks) {
    u64 end = csr_read(CSR_TIME) + ticks;
    sbi_call(SBI_LEGACY_SET_TIMER, 0, end);
    csr_set(CSR_SIE, 1 << IRQ_STI);
    while (csr_read(CSR_TIME) < end) asm volatile("wfi");
}

static bool misbehave(const char *args) {
    struct request *header = (struct request *)buffers;
    *header = (struct request){0, 0, 0};
    describe(0, 0, header, sizeof *header, NEXT);
    describe(0, 1, buffers + 4096, SECTOR, NEXT | WRITE);
    describe(0, 2, buffers + 64, 1, WRITE);
    u16 head = 0;
    if (has_word(args, "fault=outside")) describe(0, 1, (const void *)0x1000, SECTOR, NEXT | WRITE);
    else if (has_word(args, "fault=wrap")) describe(0, 1, (const void *)~0xFFul, SECTOR, NEXT | WRITE);
    else if (has_word(args, "fault=long")) describe(0, 1, buffers, ~0u, NEXT | WRITE);
    else if (has_word(args, "fault=circle")) queues[0].descriptors[1].next = 1;
    else if (has_word(args, "fault=next")) queues[0].descriptors[1].next = 60000;
    else if (has_word(args, "fault=head")) head = 60000;
    else if (has_word(args, "fault=order")) queues[0].descriptors[0].flags = NEXT | WRITE, queues[0].descriptors[2].flags = 0;
    else if (has_word(args, "fault=no-status")) queues[0].descriptors[0].flags = 0;
    else if (has_word(args, "fault=no-header")) queues[0].descriptors[0].length = 8, queues[0].descriptors[0].flags = NEXT;
    else if (has_word(args, "fault=indirect")) queues[0].descriptors[0].flags = 4;
    else if (has_word(args, "fault=index")) queues[0].available.index = 1000;
    else if (has_word(args, "fault=ring")) {
        set(QUEUE_READY, 0);
        set_address(QUEUE_DEVICE, (const void *)0xFFFFFFFFFFFFFFF0ul);
        set(QUEUE_READY, 1);
    } else if (has_word(args, "fault=size")) {
        set(QUEUE_READY, 0);
        set(QUEUE_SIZE, 3);
        set(QUEUE_READY, 1);
    } else return false;
    offer(0, head);
    nap(1000);
    expect("life after a fault", 1, 0);
    return true;
}

static u64 noise_state;
static u64 noise(void) {
    noise_state ^= noise_state << 13;
    noise_state ^= noise_state >> 7;
    noise_state ^= noise_state << 17;
    return noise_state;
}

/* Addresses near the device's own structures and RAM's ends are likelier to get through the first checks. */
static u64 noisy_address(void) {
    switch (noise() % 4) {
    case 0: return (u64)queues + noise() % 4096;
    case 1: return (u64)buffers + noise() % 65536;
    case 2: return 0x80000000ul + noise() % 0x8000000;
    default: return noise();
    }
}

static void fuzz(u32 queue_count, u64 rounds) {
    for (; rounds; rounds--) {
        u32 q = noise() % queue_count;
        for (u16 i = 0; i < SIZE; i++) {
            describe(q, i, (const void *)noisy_address(), noise() % 2 ? noise() % 2048 : noise(), noise() % 4);
            queues[q].descriptors[i].next = noise() % (noise() % 16 ? SIZE : 65536);
            ((struct request *)buffers)[i] = (struct request){noise() % 12, 0, noise() % 64};
        }
        if (noise() % 2) describe(q, 0, buffers, noise() % 4 ? 16 : noise() % 1600, noise() % 2 ? NEXT : 0);
        if (noise() % 8 == 0) set(noise() % 0x180 & ~3ul, noise());
        offer(q, noise() % (noise() % 16 ? SIZE : 65536));
        if (noise() % 32 == 0) queues[q].available.index = noise();
        nap(20);
    }
}

static void start_noise(const char *digits) { noise_state = strtou64(digits, 0, 10) * 0x9E3779B97F4A7C15 + 1; }

int main(const void *device_tree) {
    struct fdt tree;
    if (!fdt_open(&tree, device_tree)) return BARE_BAD_ARGUMENTS;
    const char *args = boot_arguments(&tree);
    bool known = true;
    if (has_word(args, "test=net")) {
        known = test_net(&tree);
    } else if (strncmp(args, "plic=", 5) == 0) {
        expect("a register", *(volatile u32 *)(PLIC_BASE + (strtou64(args + 5, 0, 0) << 12)), 0);
    } else if (strncmp(args, "fuzz-net=", 9) == 0 && start_net(&tree)) {
        start_noise(args + 9);
        fuzz(2, 40);
    } else if (start_disk(&tree)) {
        if (has_word(args, "test=block")) test_block();
        else if (strncmp(args, "fuzz=", 5) == 0) {
            start_noise(args + 5);
            fuzz(1, 40);
        } else known = misbehave(args);
    } else known = false;
    if (!known) return BARE_BAD_ARGUMENTS;
    say("virtio: %s\n", failures ? "failed" : "ok");
    return failures ? BARE_WRONG_RESULT : BARE_OK;
}
