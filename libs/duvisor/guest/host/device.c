/* Names under /dev. */
#include "kernel.h"

#define MAX_DEVICES 16

static struct {
    const char *name;
    const struct file_ops *ops;
} devices[MAX_DEVICES];
static u32 count;

void device_register(const char *name, const struct file_ops *ops) {
    if (count == MAX_DEVICES) panic("device_register: no room for %s", name);
    devices[count].name = name;
    devices[count++].ops = ops;
}

const struct file_ops *device_find(const char *name) {
    for (u32 i = 0; i < count; i++)
        if (strcmp(devices[i].name, name) == 0) return devices[i].ops;
    return NULL;
}
