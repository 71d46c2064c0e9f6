/* ioctls of /dev/dv_driver used by the VMM (duvisor.md §11). */
#ifndef DV_DRIVER_H
#define DV_DRIVER_H

#include "types.h"

#define DV_REQUEST_DELEG 0x40106B03 /* struct dv_deleg */
#define DV_REGISTER_VCPU 0x6B04
#define DV_UNREGISTER_VCPU 0x6B05
#define DV_QUERY_PFN 0xC0086B06 /* u64: va in, pfn out */
#define DV_REMOTE_FENCE 0x80106B08
#define DV_GET_VMID 0x80086B09 /* u64 out */

struct dv_deleg {
    u64 edeleg;
    u64 ideleg;
};

#endif
