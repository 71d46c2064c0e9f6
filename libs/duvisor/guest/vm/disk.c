/*
 * /disk: a cpio archive on the block device, indexed at mount. Its bytes are read through a cache of pages with least
 * recently used replacement; a miss reads on to the end of the file, a cluster at most.
 */
#include "vm.h"

#define MAX_FILES 16384
#define FILE_BUCKETS 4096
#define NAME_BYTES (512u << 10)
#define CACHE_SHARE 8 /* of RAM: one part in so many */
#define CACHE_MAX 65536
#define CACHE_BUCKETS 4096
#define NONE (~0u)

struct disk_file {
    u64 start, size;
    u32 name; /* place in `names` */
    u32 next; /* in its bucket */
};
static struct disk_file *index_;
static char *names;
static u32 file_count, names_used, file_buckets[FILE_BUCKETS];

struct block {
    u64 number;
    struct list order; /* least recently used first */
    u32 next;          /* in its bucket */
    bool valid, loading;
};
static struct block *blocks;
static u8 *block_pages;
static u32 block_count, block_buckets[CACHE_BUCKETS];
static struct list order = LIST_INIT(order);

static void *page_of(const struct block *b) { return block_pages + (u64)(b - blocks) * PAGE_SIZE; }
static u32 *bucket_of(u64 number) { return &block_buckets[number % CACHE_BUCKETS]; }

static struct block *cached(u64 number) {
    for (u32 i = *bucket_of(number); i != NONE; i = blocks[i].next)
        if (blocks[i].number == number) return &blocks[i];
    return NULL;
}

static void forget(struct block *b) {
    u32 *at = bucket_of(b->number), self = (u32)(b - blocks);
    while (*at != NONE && *at != self) at = &blocks[*at].next;
    if (*at == self) *at = b->next;
    b->valid = false;
}

/* A block that is not in use, named anew; null when all are being read. */
static struct block *take(u64 number) {
    list_for_each(at, &order) {
        struct block *b = list_entry(at, struct block, order);
        if (b->loading) continue;
        forget(b);
        b->number = number;
        b->next = *bucket_of(number);
        *bucket_of(number) = (u32)(b - blocks);
        b->loading = true;
        list_del(&b->order);
        list_add_tail(&order, &b->order);
        return b;
    }
    return NULL;
}

/* Reads block `number` and those behind it up to `last` that are not cached. Sleeps. */
static int load(u64 number, u64 last) {
    struct block *cluster[BLK_PAGES_MAX];
    void *pages[BLK_PAGES_MAX];
    u32 n = 0;
    while (n < BLK_PAGES_MAX && number + n <= last && !cached(number + n)) {
        struct block *b = take(number + n);
        if (!b) break;
        pages[n] = page_of(b);
        cluster[n++] = b;
    }
    if (n == 0) return 0;
    int error = blk_read(number, pages, n);
    for (u32 i = 0; i < n; i++) {
        cluster[i]->loading = false;
        cluster[i]->valid = !error;
        if (error) forget(cluster[i]);
        wakeup(cluster[i]);
    }
    wakeup(&order);
    return error;
}

/* The cached bytes from `at` on, to the end of their block; `end` is where reading ahead stops. Sleeps. */
static s64 view_bytes(u64 at, u64 end, const u8 **bytes) {
    u64 number = at / PAGE_SIZE;
    for (;;) {
        struct block *b = cached(number);
        if (b && b->valid) {
            list_del(&b->order);
            list_add_tail(&order, &b->order);
            *bytes = (const u8 *)page_of(b) + at % PAGE_SIZE;
            return (s64)MIN(PAGE_SIZE - at % PAGE_SIZE, end - at);
        }
        if (b) {
            sleep_on(b, TICKS_NEVER);
            continue;
        }
        int error = load(number, (end - 1) / PAGE_SIZE);
        if (error) return error;
        if (!cached(number)) sleep_on(&order, TICKS_NEVER); /* every block is being read into */
    }
}

static s64 view(struct file *f, u64 at, const u8 **bytes) {
    return at < f->size ? view_bytes(f->start + at, f->start + f->size, bytes) : 0;
}

const struct file_ops disk_file_ops = { .view = view, .mode = S_IFREG };

static int read_archive(void *to, u64 at, u64 n) {
    for (u64 done = 0; done < n;) {
        const u8 *bytes;
        s64 size = view_bytes(at + done, at + n, &bytes);
        if (size < 0) return (int)size;
        memcpy((u8 *)to + done, bytes, (u64)size);
        done += (u64)size;
    }
    return 0;
}

/* FNV-1a. */
static u32 *file_bucket(const char *name) {
    u32 h = 2166136261u;
    while (*name) h = (h ^ (u8)*name++) * 16777619u;
    return &file_buckets[h % FILE_BUCKETS];
}

static bool add(const struct cpio_entry *e) {
    u32 length = (u32)strlen(e->name) + 1;
    if (file_count == MAX_FILES || length > NAME_BYTES - names_used) return false;
    u32 *bucket = file_bucket(e->name);
    memcpy(names + names_used, e->name, length);
    index_[file_count] = (struct disk_file){ e->data, e->size, names_used, *bucket };
    *bucket = file_count++;
    names_used += length;
    return true;
}

void disk_init(void) {
    memset(file_buckets, 0xff, sizeof(file_buckets));
    memset(block_buckets, 0xff, sizeof(block_buckets));
    u64 size = blk_size();
    if (!size) return;
    u64 wanted = MIN((boot.ram_end - boot.ram_base) / CACHE_SHARE, size + PAGE_SIZE) / PAGE_SIZE;
    block_count = (u32)MAX(MIN(wanted, (u64)CACHE_MAX), (u64)2 * BLK_PAGES_MAX);
    blocks = boot_alloc(block_count * sizeof(struct block));
    block_pages = boot_alloc((u64)block_count * PAGE_SIZE);
    index_ = boot_alloc(MAX_FILES * sizeof(struct disk_file));
    names = boot_alloc(NAME_BYTES);
    for (u32 i = 0; i < block_count; i++) {
        blocks[i] = (struct block){ .number = ~0UL, .next = NONE };
        list_add_tail(&order, &blocks[i].order);
    }
    static struct cpio_entry e;
    int found = 1;
    for (u64 at = 0; (found = cpio_next(read_archive, size, at, &e)) == 1; at = e.next)
        if ((e.mode & S_IFMT) == S_IFREG && !add(&e)) {
            printk("vm: disk: the index is full: files from %s on are left out\n", e.name);
            break;
        }
    if (found < 0) printk("vm: disk: damaged archive after %u files: error %d\n", file_count, found);
    printk("vm: disk: %u files, %lu KiB, cache of %u pages\n", file_count, size >> 10, block_count);
}

int disk_find(const char *path, u64 *start, u64 *size) {
    while (*path == '/') path++;
    for (u32 i = *file_bucket(path); i != NONE; i = index_[i].next) {
        if (strcmp(names + index_[i].name, path)) continue;
        *start = index_[i].start;
        *size = index_[i].size;
        return 0;
    }
    return -ENOENT;
}
