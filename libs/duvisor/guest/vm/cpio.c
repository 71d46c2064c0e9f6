/* Archives in "newc" format (Linux, Documentation/driver-api/early-userspace/buffer-format.rst), read a header at a time. */
#include "vm.h"

#define HEADER_SIZE 110
#define FIELD_MODE 1
#define FIELD_FILESIZE 6
#define FIELD_NAMESIZE 11
#define TRAILER "TRAILER!!!"

/* Header field i: eight hexadecimal digits after the magic; ~0 when it is none. */
static u64 field(const char *header, unsigned i) {
    char digits[9];
    memcpy(digits, header + 6 + 8 * i, 8);
    digits[8] = 0;
    const char *end;
    u64 value = strtou64(digits, &end, 16);
    return end == digits + 8 ? value : ~0UL;
}

int cpio_next(cpio_read read, u64 archive_size, u64 at, struct cpio_entry *e) {
    char header[HEADER_SIZE];
    if (at > archive_size || archive_size - at < HEADER_SIZE) return 0;
    int error = read(header, at, HEADER_SIZE);
    if (error) return error;
    if (memcmp(header, "070701", 6)) return -EINVAL;
    u64 name_size = field(header, FIELD_NAMESIZE);
    e->size = field(header, FIELD_FILESIZE);
    e->mode = (u32)field(header, FIELD_MODE);
    if (name_size == 0 || name_size > sizeof(e->name) || name_size > archive_size - at - HEADER_SIZE) return -EINVAL;
    e->data = ALIGN_UP(at + HEADER_SIZE + name_size, 4);
    if (e->data > archive_size || e->size > archive_size - e->data) return -EINVAL;
    e->next = ALIGN_UP(e->data + e->size, 4);
    error = read(e->name, at + HEADER_SIZE, name_size);
    if (error) return error;
    e->name[name_size - 1] = 0;
    if (strcmp(e->name, TRAILER) == 0) return 0;
    char *name = e->name;
    if (strncmp(name, "./", 2) == 0) name += 2;
    while (*name == '/') name++;
    memmove(e->name, name, strlen(name) + 1);
    return 1;
}
