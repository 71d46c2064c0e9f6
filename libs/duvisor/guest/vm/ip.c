/* IPv4 (RFC 791) without fragments, and of ICMP (RFC 792) echo and "unreachable". Only our own network is reachable. */
#include "net.h"
#include "tcp.h"

#define VERSION_4 0x40
#define DONT_FRAGMENT 0x4000
#define FRAGMENT_MASK 0x3fff /* more fragments, offset */
#define TTL 64
#define ICMP_ECHO_REPLY 0
#define ICMP_UNREACHABLE 3
#define ICMP_ECHO 8
#define ICMP_QUOTE 8 /* bytes of the packet's payload */

struct icmp_header {
    u8 type, code;
    u16 checksum;
    u32 rest;
};

static u16 next_id;

bool ip_reachable(u32 to) {
    u32 host = to & ~boot.netmask;
    return boot.ip && (to & boot.netmask) == (boot.ip & boot.netmask) && to != boot.ip && host && host != ~boot.netmask;
}

void *ip_frame(void) {
    u8 *frame = net_frame();
    return frame ? frame + ETHER_HEADER + IP_HEADER : NULL;
}

void ip_abandon(void *payload) { net_drop((u8 *)payload - IP_HEADER - ETHER_HEADER); }

void ip_output(void *payload, u64 n, u32 to, u8 protocol) {
    struct ip_header *ip = (struct ip_header *)payload - 1;
    *ip = (struct ip_header){
        .version_length = VERSION_4 | IP_HEADER / 4,
        .length = swap16((u16)(IP_HEADER + n)),
        .id = swap16(next_id++),
        .fragment = swap16(DONT_FRAGMENT),
        .ttl = TTL,
        .protocol = protocol,
        .from = swap32(boot.ip),
        .to = swap32(to),
    };
    ip->checksum = checksum_end(checksum_add(0, ip, IP_HEADER));
    ether_output((u8 *)ip - ETHER_HEADER, ETHER_HEADER + IP_HEADER + n, to);
}

static void icmp_input(const struct ip_header *ip, const u8 *message, u64 n) {
    const struct icmp_header *h = (const struct icmp_header *)message;
    if (n < sizeof(*h) || h->type != ICMP_ECHO || checksum_end(checksum_add(0, message, n)) != 0) return;
    struct icmp_header *reply = n <= MTU - IP_HEADER ? ip_frame() : NULL;
    if (!reply) return;
    copy_bytes(reply, message, n);
    reply->type = ICMP_ECHO_REPLY;
    reply->checksum = 0;
    reply->checksum = checksum_end(checksum_add(0, reply, n));
    ip_output(reply, n, swap32(ip->from), IP_ICMP);
}

void icmp_unreachable(const struct ip_header *ip, u64 n, u8 code) {
    struct icmp_header *h = ip_frame();
    if (!h) return;
    u64 quote = MIN((u64)(ip->version_length & 15) * 4 + ICMP_QUOTE, n);
    *h = (struct icmp_header){ .type = ICMP_UNREACHABLE, .code = code };
    copy_bytes(h + 1, ip, quote);
    h->checksum = checksum_end(checksum_add(0, h, sizeof(*h) + quote));
    ip_output(h, sizeof(*h) + quote, swap32(ip->from), IP_ICMP);
}

void ip_input(u8 *packet, u64 n) {
    const struct ip_header *ip = (const struct ip_header *)packet;
    if (n < IP_HEADER) return;
    u64 header = (u64)(ip->version_length & 15) * 4, length = swap16(ip->length);
    if ((ip->version_length & 0xf0) != VERSION_4 || header < IP_HEADER || length < header || length > n) return;
    if (checksum_end(checksum_add(0, ip, header)) != 0) return;
    if (swap16(ip->fragment) & FRAGMENT_MASK) return;
    u32 to = swap32(ip->to);
    if (!ip_reachable(swap32(ip->from))) return; /* we could not answer */
    bool ours = to == boot.ip;
    bool broadcast = to == ~0u || to == (boot.ip | ~boot.netmask);
    const u8 *payload = packet + header;
    length -= header;
    switch (ip->protocol) {
    case IP_TCP:
        if (ours) tcp_input(ip, payload, length);
        break;
    case IP_UDP:
        if (ours || broadcast) udp_input(ip, payload, length);
        break;
    case IP_ICMP:
        if (ours) icmp_input(ip, payload, length);
        break;
    default: break;
    }
}
