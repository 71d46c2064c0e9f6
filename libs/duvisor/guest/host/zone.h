/* The memory zone, shared by page.c, contig.c and lru.c. */
#ifndef HOST_ZONE_H
#define HOST_ZONE_H

#include "kernel/page.h"
#include "kernel/percpu.h"

#define MAX_ORDER 10u      /* largest buddy block: 4 MiB */
#define PCP_BATCH 32       /* pages moved between a hart's list and the zone at once */
#define PCP_HIGH 96        /* a hart's list is cut back here */
#define CONTIG_ALIGN 16384 /* a G-stage root is 16 KiB */

struct zone {
    spinlock_t lock;
    struct list free[MAX_ORDER + 1];
    u64 frontier; /* pages from here to `ceiling` were never handed out */
    u64 ceiling;  /* contiguous areas live above */
};
extern struct zone zone;

void contig_init(void);

#endif
