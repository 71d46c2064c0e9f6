/* Physical address map of the target machine: the regions themselves (generated) and what software makes of them. */
#ifndef MEMLAYOUT_H
#define MEMLAYOUT_H

#include "generated/memory-map.h"

/* Values the test finisher understands. */
#define FINISHER_PASS 0x5555
#define FINISHER_FAIL 0x3333 /* | code << 16 */
#define FINISHER_RESET 0x7777

#define CLINT_MSIP(hart) (CLINT_BASE + 4 * (hart))
#define CLINT_MTIMECMP(hart) (CLINT_BASE + 0x4000 + 8 * (hart))

#define FIRMWARE_SIZE 0x40000 /* closed to everyone below M-mode */

#endif
