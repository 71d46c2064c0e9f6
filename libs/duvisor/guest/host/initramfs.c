/* The read-only root: a cpio archive in "newc" format, searched in place. */
#include "errno.h"
#include "kernel.h"

#define HEADER_SIZE 110
#define FIELD_MODE 1
#define FIELD_FILESIZE 6
#define FIELD_NAMESIZE 11
#define MODE_TYPE 0170000
#define MODE_REGULAR 0100000

/* Header field i: eight hexadecimal digits after the magic. */
static u64 field(const u8 *header, unsigned i) {
    char digits[9];
    memcpy(digits, header + 6 + 8 * i, 8);
    digits[8] = 0;
    return strtou64(digits, NULL, 16);
}

bool initramfs_find(const char *path, struct initramfs_file *out) {
    const u8 *p = boot.initrd, *end = p + boot.initrd_size;
    while (*path == '/') path++;
    while (p && p + HEADER_SIZE <= end && memcmp(p, "070701", 6) == 0) {
        u64 name_size = field(p, FIELD_NAMESIZE), size = field(p, FIELD_FILESIZE), mode = field(p, FIELD_MODE);
        const char *name = (const char *)p + HEADER_SIZE;
        const u8 *data = p + ALIGN_UP(HEADER_SIZE + name_size, 4);
        if (data > end || size > (u64)(end - data) || strcmp(name, "TRAILER!!!") == 0) return false;
        if (strncmp(name, "./", 2) == 0) name += 2;
        while (*name == '/') name++;
        if ((mode & MODE_TYPE) == MODE_REGULAR && strcmp(name, path) == 0) {
            *out = (struct initramfs_file){ data, size };
            return true;
        }
        p = data + ALIGN_UP(size, 4);
    }
    return false;
}

static s64 initramfs_read(struct file *f, u64 buf, u64 n) {
    const struct initramfs_file *file = f->private;
    if (f->pos >= file->size) return 0;
    n = MIN(n, file->size - f->pos);
    if (copy_to_user(buf, file->data + f->pos, n)) return -EFAULT;
    f->pos += n;
    return (s64)n;
}

static s64 initramfs_size(struct file *f) { return (s64)((const struct initramfs_file *)f->private)->size; }

static u32 initramfs_poll(struct file *f) {
    (void)f;
    return POLLIN;
}

static void initramfs_release(struct file *f) { kfree(f->private); }

static const struct file_ops initramfs_ops = {
    .read = initramfs_read, .size = initramfs_size, .poll = initramfs_poll, .release = initramfs_release
};

struct file *contents_open(const u8 *data, u64 size) {
    struct initramfs_file *contents = kmalloc(sizeof(*contents));
    if (!contents) return NULL;
    *contents = (struct initramfs_file){ data, size };
    struct file *f = file_new(&initramfs_ops, contents, 0);
    if (!f) kfree(contents);
    return f;
}

struct file *initramfs_open(const char *path) {
    struct initramfs_file found;
    return initramfs_find(path, &found) ? contents_open(found.data, found.size) : NULL;
}

const struct initramfs_file *initramfs_data(const struct file *f) { return f->ops == &initramfs_ops ? f->private : NULL; }
