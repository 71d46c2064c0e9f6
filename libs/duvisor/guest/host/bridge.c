/*
 * The bridge between the network device and the tap: two ports, transparent, no addresses of its own, so that the guest
 * answers by its own MAC. What a port has no room for is dropped, as a switch would.
 */
#include "kernel.h"
#include "packet.h"
#include "probe.h"

void bridge_from_nic(struct packet *p) {
    STEP(br_handle_frame);
    if (!tap_deliver(p)) kfree(p);
}

void bridge_from_tap(struct packet *p) {
    STEP(br_handle_frame);
    if (!nic_send(p)) kfree(p);
}
