/* Ethernet frames, and ARP (RFC 826) with a table of fixed size. */
#include "net.h"

#define TYPE_IP 0x0800
#define TYPE_ARP 0x0806
#define ARP_REQUEST 1
#define ARP_REPLY 2
#define ENTRIES 32
#define TRIES 3             /* requests, one a second */
#define CONFIRM_S 60        /* an address older than that is asked for again, and used meanwhile */

struct arp {
    struct ether_header ether;
    u16 hardware, protocol;
    u8 hardware_size, protocol_size;
    u16 operation;
    u8 from[6];
    u8 from_ip[4]; /* bytes: not aligned */
    u8 to[6];
    u8 to_ip[4];
} __attribute__((packed, aligned(2)));

static struct entry {
    u32 ip; /* 0: free */
    u8 mac[6];
    bool known;
    u8 tries; /* requests without an answer; 0: none is out */
    u64 confirmed, used;
    u8 *waiting; /* one frame, while not known */
    u64 waiting_size;
} entries[ENTRIES];
static struct entry *last = entries; /* found last */
static u64 uses;
static struct timer timer;

static const u8 everyone[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };

static u32 get_ip(const u8 *p) { return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3]; }
static void put_ip(u8 *p, u32 ip) {
    for (int i = 0; i < 4; i++) p[i] = (u8)(ip >> (24 - 8 * i));
}

static void fill(struct ether_header *e, const u8 *to, u16 type) {
    const u16 *t = (const u16 *)to, *f = (const u16 *)net_mac;
    u16 *d = (u16 *)e;
    d[0] = t[0], d[1] = t[1], d[2] = t[2];
    d[3] = f[0], d[4] = f[1], d[5] = f[2];
    e->type = swap16(type);
}

static void arp_send(u16 operation, const u8 *ether_to, const u8 *to, u32 to_ip) {
    struct arp *a = (struct arp *)net_frame();
    if (!a) return;
    fill(&a->ether, ether_to, TYPE_ARP);
    a->hardware = swap16(1);
    a->protocol = swap16(TYPE_IP);
    a->hardware_size = 6;
    a->protocol_size = 4;
    a->operation = swap16(operation);
    memcpy(a->from, net_mac, 6);
    put_ip(a->from_ip, boot.ip);
    memcpy(a->to, to, 6);
    put_ip(a->to_ip, to_ip);
    memset(a + 1, 0, 60 - sizeof(*a));
    net_send((u8 *)a, 60); /* the least an Ethernet frame has */
}

static void ask(struct entry *e) {
    e->tries++;
    arp_send(ARP_REQUEST, everyone, (const u8[6]){ 0 }, e->ip);
    if (!timer_armed(&timer)) timer_set(&timer, now() + boot.timebase);
}

static void release(struct entry *e) {
    if (e->waiting) net_drop(e->waiting);
    *e = (struct entry){ 0 };
}

static void each_second(struct timer *t) {
    (void)t;
    for (struct entry *e = entries; e < entries + ENTRIES; e++) {
        if (!e->ip || !e->tries) continue;
        if (e->tries == TRIES) release(e);
        else ask(e);
    }
}

void arp_init(void) { timer_setup(&timer, each_second); }

static struct entry *find(u32 ip) {
    if (last->ip == ip) return last;
    for (struct entry *e = entries; e < entries + ENTRIES; e++)
        if (e->ip == ip) return last = e;
    return NULL;
}

/* The free entry, or the one not used for longest. */
static struct entry *make(u32 ip) {
    struct entry *oldest = entries;
    for (struct entry *e = entries; e < entries + ENTRIES && oldest->ip; e++)
        if (!e->ip || e->used < oldest->used) oldest = e;
    release(oldest);
    oldest->ip = ip;
    oldest->used = ++uses;
    return oldest;
}

static void learn(struct entry *e, const u8 *mac) {
    memcpy(e->mac, mac, 6);
    e->known = true;
    e->tries = 0;
    e->confirmed = now();
    if (!e->waiting) return;
    u8 *frame = e->waiting;
    e->waiting = NULL;
    fill((struct ether_header *)frame, e->mac, TYPE_IP);
    net_send(frame, e->waiting_size);
}

static void arp_input(const struct arp *a, u64 n) {
    if (n < sizeof(*a) || a->hardware != swap16(1) || a->protocol != swap16(TYPE_IP) || a->hardware_size != 6 ||
        a->protocol_size != 4)
        return;
    u32 from = get_ip(a->from_ip);
    bool for_us = get_ip(a->to_ip) == boot.ip;
    if (!ip_reachable(from) || (a->from[0] & 1)) return;
    struct entry *e = find(from);
    if (!e && for_us) e = make(from);
    if (e) learn(e, a->from);
    if (for_us && a->operation == swap16(ARP_REQUEST)) arp_send(ARP_REPLY, a->from, a->from, from);
}

void ether_output(u8 *frame, u64 n, u32 next_hop) {
    struct entry *e = find(next_hop);
    if (likely(e && e->known)) {
        e->used = ++uses;
        if (now() - e->confirmed > CONFIRM_S * boot.timebase && !e->tries) ask(e);
        fill((struct ether_header *)frame, e->mac, TYPE_IP);
        net_send(frame, n);
        return;
    }
    bool first = !e;
    if (first) e = make(next_hop);
    if (e->waiting) net_drop(e->waiting); /* the newer one is worth more */
    e->waiting = frame;
    e->waiting_size = n;
    if (first) ask(e);
}

void ether_input(u8 *frame, u64 n) {
    const struct ether_header *e = (const struct ether_header *)frame;
    bool to_everyone = memcmp(e->to, everyone, 6) == 0;
    if (!to_everyone && memcmp(e->to, net_mac, 6)) return;
    if (e->type == swap16(TYPE_IP)) ip_input(frame + ETHER_HEADER, n - ETHER_HEADER);
    else if (e->type == swap16(TYPE_ARP)) arp_input((const struct arp *)frame, n);
}
