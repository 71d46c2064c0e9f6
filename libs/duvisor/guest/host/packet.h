/* Ethernet frames on their way between the network device and the tap (virtio_net.c, bridge.c, tun.c). */
#ifndef HOST_PACKET_H
#define HOST_PACKET_H

#include "kernel/list.h"

#define FRAME_MIN 14   /* an Ethernet header */
#define FRAME_MAX 1518 /* MTU 1500, header, one VLAN tag */
#define NET_HEADER 12  /* struct virtio_net_hdr, in front of every frame that the device sees */

/*
 * From the 2048-byte cache, so header and frame are physically contiguous. The frame begins two bytes behind a multiple of
 * eight, where kernels put theirs so that the IP header is aligned: copies from and to a VM then go by words.
 */
struct packet {
    struct list link;
    u32 length; /* of the frame */
    u8 space[2];
    u8 header[NET_HEADER];
    u8 frame[FRAME_MAX];
};
_Static_assert(offsetof(struct packet, frame) % 8 == 2, "see above");

/* A frame came in from outside, or from the VM: on to the other side. Takes the packet over. Any context. */
void bridge_from_nic(struct packet *p);
void bridge_from_tap(struct packet *p);

/* To the two ports; false: no room or nobody there, and the packet is still the caller's. */
bool nic_send(struct packet *p);
bool tap_deliver(struct packet *p);

void tun_init(void);

#endif
