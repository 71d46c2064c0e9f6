/* The virtio NIC (Virtio 1.2, 5.1), no offloads: one receive and one transmit queue, a fixed buffer per descriptor. */
#include "net.h"
#include "tcp.h"
#include "virtio.h"

#define NET_F_MAC BIT(5)
#define RX 0
#define TX 1
#define VIRTIO_HEADER 12
#define BUFFER 2048
/* So that the IP header, and the payload of a TCP segment without options, are aligned. */
#define HEADER_AT 6
#define FRAME_AT (HEADER_AT + VIRTIO_HEADER)
#define FRAME_MAX (ETHER_HEADER + MTU)

static struct virtio device;
static struct virtq rx, tx;
static u8 *rx_buffers, *tx_buffers;
static u16 tx_free[QUEUE_MAX];
static u32 tx_free_count;
static u32 rx_offered;                 /* receive buffers that the device has not been told of */
static bool present, tx_offered, tx_short; /* tx_short: somebody found no buffer */

u8 net_mac[6];

static void reclaim(void) {
    u32 length;
    for (s32 id; (id = virtq_take(&tx, &length)) >= 0;) {
        if (tx_free_count == tx.size) panic("net: the device returned more buffers than it was given");
        tx_free[tx_free_count++] = (u16)id;
    }
}

static void receive(void) {
    u32 length;
    for (s32 id; (id = virtq_take(&rx, &length)) >= 0;) {
        u8 *frame = rx_buffers + (u64)id * BUFFER + FRAME_AT;
        if (length >= VIRTIO_HEADER + ETHER_HEADER && length <= VIRTIO_HEADER + FRAME_MAX)
            ether_input(frame, length - VIRTIO_HEADER);
        virtq_offer(&rx, (u16)id);
        rx_offered++;
    }
}

static void interrupt(void *argument) {
    (void)argument;
    virtio_acknowledge(&device);
    /* No interrupts for what is seen anyway; a look after they are on again loses none. */
    virtq_interrupts(&rx, false);
    receive();
    virtq_interrupts(&rx, true);
    __asm__ volatile("fence rw, rw" ::: "memory");
    receive();
}

static u8 *buffers(struct virtq *q, u16 flags) {
    u8 *memory = boot_alloc((u64)q->size * BUFFER);
    for (u16 i = 0; i < q->size; i++) {
        u8 *start = memory + (u64)i * BUFFER + HEADER_AT;
        memset(start, 0, VIRTIO_HEADER);
        q->desc[i] = (struct virtq_desc){ virt_to_phys(start), VIRTIO_HEADER + FRAME_MAX, flags, 0 };
    }
    return memory;
}

void net_init(void) {
    if (!boot.ip || !virtio_find(&device, VIRTIO_NET, NET_F_MAC)) return;
    if (!(device.features & NET_F_MAC)) panic("net: the device has no MAC address");
    for (u32 i = 0; i < 6; i++) net_mac[i] = device.registers[VIRTIO_CONFIG + i];
    virtio_queue(&device, &rx, RX);
    virtio_queue(&device, &tx, TX);
    rx_buffers = buffers(&rx, DESC_WRITE);
    tx_buffers = buffers(&tx, 0);
    while (tx_free_count < tx.size) {
        tx_free[tx_free_count] = (u16)(tx.size - 1 - tx_free_count);
        tx_free_count++;
    }
    virtq_interrupts(&tx, false);
    plic_register(device.irq, interrupt, NULL);
    virtio_ready(&device);
    for (u16 i = 0; i < rx.size; i++) virtq_offer(&rx, i);
    virtq_kick(&rx);
    present = true;
    printk("vm: net: %u.%u.%u.%u, mac %02x:%02x:%02x:%02x:%02x:%02x\n", boot.ip >> 24, boot.ip >> 16 & 255, boot.ip >> 8 & 255,
           boot.ip & 255, net_mac[0], net_mac[1], net_mac[2], net_mac[3], net_mac[4], net_mac[5]);
}

u8 *net_frame(void) {
    if (!present) return NULL;
    if (tx_free_count == 0) reclaim();
    if (tx_free_count == 0) {
        tx_short = true;
        virtq_interrupts(&tx, true);
        __asm__ volatile("fence rw, rw" ::: "memory");
        reclaim(); /* what finished before the interrupt was on */
        if (tx_free_count == 0) return NULL;
    }
    return tx_buffers + (u64)tx_free[--tx_free_count] * BUFFER + FRAME_AT;
}

void net_drop(u8 *frame) { tx_free[tx_free_count++] = (u16)((u64)(frame - tx_buffers) / BUFFER); }

void net_send(u8 *frame, u64 n) {
    u16 id = (u16)((u64)(frame - tx_buffers) / BUFFER);
    tx.desc[id].length = (u32)(VIRTIO_HEADER + n);
    virtq_offer(&tx, id);
    tx_offered = true;
}

/* Tell those who found no buffer that there are some again. */
static void end_shortage(void) {
    reclaim();
    if (tx_free_count <= tx.size / 2u) return;
    tx_short = false;
    virtq_interrupts(&tx, false);
    tcp_room();
}

void net_flush(void) {
    if (tx_short) end_shortage();
    if (tx_offered) {
        tx_offered = false;
        virtq_kick(&tx);
    }
    if (rx_offered && rx_offered >= rx.size / 4u) { /* a kick may be a VM exit: the device has the rest meanwhile */
        rx_offered = 0;
        virtq_kick(&rx);
    }
}
