/* poweroffd: the datagram "quit" on port 9 is answered with "bye", then the machine is switched off. */
#include "../common/loop.h"

int main(int argc, char **argv) {
    u64 port = 9;
    u32 address = 0;
    const struct option options[] = {
        { "-p", OPTION_NUMBER, &port, 1, 65535 },
        { "-l", OPTION_ADDRESS, &address, 0, 0 },
    };
    parse_options(argc, argv, options, ARRAY_SIZE(options));
    int fd = bind_socket(SOCK_DGRAM, address, port);
    for (;;) {
        u8 datagram[16];
        struct sockaddr_in from;
        long n = sys_recvfrom(fd, datagram, sizeof datagram, 0, &from);
        if (n == -EINTR) continue;
        if (n < 0) die("recvfrom: error %d", (int)-n);
        if (!slice_is((struct slice){ datagram, (size_t)n }, "quit")) continue;
        sys_sendto(fd, "bye", 3, &from);
        int failed = sys_reboot(REBOOT_POWER_OFF);
        die("reboot: error %d", -failed);
    }
}
