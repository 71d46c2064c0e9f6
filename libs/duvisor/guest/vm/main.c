/* Start of the guest kernel: order of initialisation, then the processes of the command line. */
#include "tcp.h"

#define MAX_ARGS 32
#define MAX_ARG_BYTES 1024

/* One process per word `run=PATH,ARGUMENT,...`. */
static void run(const char *words, size_t len) {
    static char text[MAX_ARG_BYTES];
    char *argv[MAX_ARGS];
    u32 argc = 0;
    if (len >= sizeof(text)) panic("run=: more than %d characters", MAX_ARG_BYTES - 1);
    memcpy(text, words, len);
    text[len] = 0;
    for (char *p = text; argc < MAX_ARGS; p++) {
        argv[argc++] = p;
        while (*p && *p != ',') p++;
        if (!*p) break;
        *p = 0;
    }
    struct process *p = process_create(argv[0]);
    int error = p ? exec_load(p, argv, argc) : -ENOMEM;
    if (error) panic("run=%s: error %d", argv[0], error);
}

/* Runs differ in when they start relative to the clock and the caches' random replacement. */
static void start_skew(void) {
    for (volatile u64 n = boot_random(2, 4096); n; n--) {}
}

void kernel_main(u64 hart, paddr_t tree) {
    boot_read(hart, tree);
    page_init();
    timer_init();
    plic_init();
    file_init();
    space_init();
    process_init();
    arp_init();
    udp_init();
    tcp_init();
    net_init();
    blk_init();
    disk_init();
    printk("vm: %lu MiB, %lu Hz, %u virtio slots\n", (boot.ram_end - boot.ram_base) >> 20, boot.timebase, boot.virtios);
    start_skew();
    const char *words;
    size_t len;
    u32 n = 0;
    for (; (words = boot_option("run=", n, &len)); n++) run(words, len);
    if (!n) panic("no run= on the command line");
    process_start();
}
