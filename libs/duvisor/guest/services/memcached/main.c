#include "memcached.h"

#define MIB (1ul << 20)

int main(int argc, char **argv) {
    u64 port = 11211, udp_port = 11211, memory = 64;
    u32 address = 0;
    static struct service service = {
        .conn_bytes = sizeof(struct client),
        .in_bytes = 16 << 10,
        .out_bytes = 16 << 10,
        .max_conns = 256,
        .serve = client_serve,
        .send_more = client_send_item,
        .close = client_close,
    };
    const struct option options[] = {
        { "-p", OPTION_NUMBER, &port, 1, 65535 },
        { "-U", OPTION_NUMBER, &udp_port, 0, 65535 }, /* 0: no UDP */
        { "-l", OPTION_ADDRESS, &address, 0, 0 },
        { "-m", OPTION_NUMBER, &memory, 1, 1024 }, /* MiB */
        { "-c", OPTION_NUMBER, &service.max_conns, 1, 1024 },
    };
    parse_options(argc, argv, options, ARRAY_SIZE(options));
    loop_init();
    report_start();
    slabs_init(memory * MIB);
    items_init(memory * MIB);
    if (udp_port) udp_start(address, udp_port);
    loop_run(&service, address, port);
}
