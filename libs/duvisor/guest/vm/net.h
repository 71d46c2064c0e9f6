/*
 * The network stack, by file: net.c virtio NIC; ether.c frames and ARP; ip.c IPv4 and ICMP; udp.c; tcp.h and tcp_*.c.
 * Frames are handled one at a time in the order of arrival, in the NIC's interrupt; everything that a peer can make grow
 * is a table of fixed size. Addresses and ports are in host byte order but in headers.
 */
#ifndef VM_NET_H
#define VM_NET_H

#include "vm.h"

#define MTU 1500
#define ETHER_HEADER 14
#define IP_HEADER 20
#define IP_ICMP 1
#define IP_TCP 6
#define IP_UDP 17
#define AF_INET 2

static inline u16 swap16(u16 v) { return (u16)(v << 8 | v >> 8); }
static inline u32 swap32(u32 v) {
    return v << 24 | (v & 0xff00) << 8 | (v >> 8 & 0xff00) | v >> 24; /* no instruction for it, and no library */
}

struct ether_header {
    u8 to[6], from[6];
    u16 type;
} __attribute__((packed, aligned(2)));

struct ip_header {
    u8 version_length, service;
    u16 length, id, fragment;
    u8 ttl, protocol;
    u16 checksum;
    u32 from, to;
};

struct udp_header {
    u16 from, to, length, checksum;
};

/* struct sockaddr_in; in network byte order. */
struct address {
    u16 family, port;
    u32 ip;
    u64 zero;
};

/* --- checksum.c: the Internet checksum (RFC 1071) --- */
/* Adds the bytes to `sum`, a one's complement sum not yet folded; pieces but the last have even length. */
u64 checksum_add(u64 sum, const void *bytes, u64 n);
/* Folded and complemented, as it stands in a header (network order); 0 over data that holds its own right checksum. */
u16 checksum_end(u64 sum);
/* Pseudo header of UDP and TCP. */
u64 checksum_pseudo(u32 from, u32 to, u8 protocol, u64 length);
/* As memcpy, fast also where the two are not aligned alike. */
void copy_bytes(void *to, const void *from, u64 n);

/* --- net.c: the NIC --- */
void net_init(void);
extern u8 net_mac[6];
/* A free transmit buffer's Ethernet header, or null: none free, and net_room() calls will follow when there is one. */
u8 *net_frame(void);
/* Sends net_frame()'s frame of n bytes; it leaves at net_flush(), on the way out of the kernel (trap.c, process.c). */
void net_send(u8 *frame, u64 n);
/* Gives net_frame()'s frame back unsent. */
void net_drop(u8 *frame);

/* --- ether.c --- */
void ether_input(u8 *frame, u64 n);
/* Fills the Ethernet header and sends; asks ARP first when the address is not known. n with the header. */
void ether_output(u8 *frame, u64 n, u32 next_hop);
void arp_init(void);

/* --- ip.c --- */
void ip_input(u8 *packet, u64 n);
/* A packet to be filled at the place returned, n bytes behind the IP header; null: no buffer. */
void *ip_frame(void);
/* Completes the headers of ip_frame()'s packet and sends it. */
void ip_output(void *payload, u64 n, u32 to, u8 protocol);
void ip_abandon(void *payload);
/* Is `to` reachable: our network, not ourselves, not a broadcast. */
bool ip_reachable(u32 to);
void icmp_unreachable(const struct ip_header *ip, u64 n, u8 code);

/* --- udp.c --- */
void udp_init(void);
void udp_input(const struct ip_header *ip, const u8 *segment, u64 n);
s64 udp_create(void);
extern const struct file_ops udp_ops;
int udp_bind(struct file *f, u32 ip, u16 port);
s64 udp_sendto(struct file *f, u64 from, u64 n, u32 flags, u32 ip, u16 port);
s64 udp_recvfrom(struct file *f, u64 to, u64 n, u32 flags, u32 *ip, u16 *port);
u16 udp_port(const struct file *f);

/* Port for those who did not choose one. */
#define PORT_FIRST 32768
#define PORT_LAST 60999

#define MSG_PEEK 0x2
#define MSG_DONTWAIT 0x40
#define MSG_MORE 0x8000

#endif
