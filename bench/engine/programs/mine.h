/* What a hart writes lies in memory of its own, behind tp; code and constants are everybody's. */
#ifndef MINE_H
#define MINE_H

#include <stdint.h>

struct mine;
register struct mine *mine __asm__("tp");

#endif
