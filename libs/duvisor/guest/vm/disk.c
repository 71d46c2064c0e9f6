#include "vm.h"
const struct file_ops disk_file_ops;
int disk_find(const char *path, u64 *start, u64 *size) { (void)path, (void)start, (void)size; return -ENOENT; }
