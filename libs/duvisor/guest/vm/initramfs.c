/* The root: the initramfs in memory, read only, searched in place. */
#include "vm.h"

static int read_archive(void *to, u64 at, u64 n) {
    memcpy(to, (const u8 *)phys_to_virt(boot.initrd) + at, n);
    return 0;
}

bool initramfs_find(const char *path, const u8 **bytes, u64 *size) {
    static struct cpio_entry e;
    u64 archive_size = boot.initrd_end - boot.initrd;
    while (*path == '/') path++;
    for (u64 at = 0; cpio_next(read_archive, archive_size, at, &e) == 1; at = e.next) {
        if ((e.mode & S_IFMT) != S_IFREG || strcmp(e.name, path)) continue;
        *bytes = (const u8 *)phys_to_virt(boot.initrd) + e.data;
        *size = e.size;
        return true;
    }
    return false;
}

static s64 view(struct file *f, u64 at, const u8 **bytes) {
    if (at >= f->size) return 0;
    *bytes = (const u8 *)phys_to_virt(boot.initrd) + f->start + at;
    return (s64)(f->size - at);
}

const struct file_ops initramfs_ops = { .view = view, .mode = S_IFREG };
