/*
 * epoll and ppoll. An epoll holds items, one per watched file; those whose file may be ready form its ready list. A wait
 * asks each of them, reports what is true, and drops from the list what is not: so a wait costs by what is ready, not by
 * what is watched. Level triggered unless EPOLLET; EPOLLONESHOT too. An epoll cannot be watched itself.
 */
#include "vm.h"

#define MAX_EPOLLS 32
#define MAX_ITEMS 2048
#define CTL_ADD 1
#define CTL_DEL 2
#define CTL_MOD 3
#define EPOLLET (1u << 31)
#define EPOLLONESHOT (1u << 30)
#define ALWAYS (POLLERR | POLLHUP)
#define MAX_POLLFDS MAX_FDS

struct epoll {
    struct list items, ready;
    bool used;
};
struct item {
    struct epoll *epoll;
    struct file *file;
    u32 fd, events; /* events 0: disabled by EPOLLONESHOT */
    u64 data;
    struct list in_epoll, in_file, in_ready;
};
/* struct epoll_event as riscv64 has it: not packed. */
struct event {
    u32 events, pad;
    u64 data;
};
struct pollfd {
    s32 fd;
    s16 events, revents;
};

static struct epoll epolls[MAX_EPOLLS];
static struct item items[MAX_ITEMS];
static struct list free_items = LIST_INIT(free_items);
static u32 fresh_items; /* of `items`, used at least once */
static u32 pollers;     /* processes in ppoll */

static struct item *item_new(void) {
    if (!list_empty(&free_items)) {
        struct item *i = list_entry(free_items.next, struct item, in_epoll);
        list_del(&i->in_epoll);
        return i;
    }
    return fresh_items < MAX_ITEMS ? &items[fresh_items++] : NULL;
}

static void item_free(struct item *i) {
    list_del(&i->in_epoll);
    list_del(&i->in_file);
    list_del(&i->in_ready);
    list_add(&free_items, &i->in_epoll);
}

void epoll_forget(struct file *f) {
    while (!list_empty(&f->watches)) item_free(list_entry(f->watches.next, struct item, in_file));
}

void epoll_event(struct file *f, u32 events) {
    list_for_each(at, &f->watches) {
        struct item *i = list_entry(at, struct item, in_file);
        if (!(i->events & events) || !list_empty(&i->in_ready)) continue;
        list_add_tail(&i->epoll->ready, &i->in_ready);
        wakeup(i->epoll);
    }
}

static void epoll_close(struct file *f) {
    struct epoll *e = f->object;
    while (!list_empty(&e->items)) item_free(list_entry(e->items.next, struct item, in_epoll));
    e->used = false;
}

static const struct file_ops epoll_ops = { .close = epoll_close };

s64 sys_epoll_create1(const struct args *a) {
    (void)a;
    struct epoll *e = epolls;
    while (e < epolls + MAX_EPOLLS && e->used) e++;
    if (e == epolls + MAX_EPOLLS) return -ENFILE;
    struct file *f = file_new(&epoll_ops, e);
    if (!f) return -ENFILE;
    e->used = true;
    list_init(&e->items);
    list_init(&e->ready);
    int fd = fd_install(f);
    if (fd < 0) file_close(f);
    return fd;
}

static struct item *find(const struct epoll *e, struct file *f, u32 fd) {
    list_for_each(at, &f->watches) {
        struct item *i = list_entry(at, struct item, in_file);
        if (i->epoll == e && i->fd == fd) return i;
    }
    return NULL;
}

static void watch(struct item *i, const struct event *ev) {
    i->events = ev->events | ALWAYS;
    i->data = ev->data;
    list_del(&i->in_ready);
    epoll_event(i->file, file_poll(i->file));
}

s64 sys_epoll_ctl(const struct args *a) {
    struct file *ef = fd_file(a->a[0]), *f = fd_file(a->a[2]);
    if (!ef || !f) return -EBADF;
    if (ef->ops != &epoll_ops || f->ops == &epoll_ops) return -EINVAL;
    if (!f->ops->poll) return -EPERM; /* always ready: Linux refuses regular files, too */
    struct event ev;
    if (a->a[1] != CTL_DEL && copy_in(&ev, a->a[3], sizeof(ev))) return -EFAULT;
    struct epoll *e = ef->object;
    struct item *i = find(e, f, (u32)a->a[2]);
    switch (a->a[1]) {
    case CTL_ADD:
        if (i) return -EEXIST;
        i = item_new();
        if (!i) return -ENOSPC;
        *i = (struct item){ .epoll = e, .file = f, .fd = (u32)a->a[2] };
        list_init(&i->in_ready);
        list_add_tail(&e->items, &i->in_epoll);
        list_add_tail(&f->watches, &i->in_file);
        watch(i, &ev);
        return 0;
    case CTL_MOD:
        if (!i) return -ENOENT;
        watch(i, &ev);
        return 0;
    case CTL_DEL:
        if (!i) return -ENOENT;
        item_free(i);
        return 0;
    default: return -EINVAL;
    }
}

/* All of `from` to the empty list `to`. */
static void move_all(struct list *to, struct list *from) {
    list_init(to);
    if (list_empty(from)) return;
    *to = *from;
    to->next->prev = to->prev->next = to;
    list_init(from);
}

/* One pass over the ready list. Number of events reported, or -EFAULT. */
static s64 collect(struct epoll *e, u64 to, u64 max) {
    struct list pass;
    move_all(&pass, &e->ready);
    s64 n = 0, error = 0;
    while (!list_empty(&pass) && (u64)n < max && !error) {
        struct item *i = list_entry(pass.next, struct item, in_ready);
        u32 events = file_poll(i->file) & i->events;
        list_del(&i->in_ready);
        if (!events) continue;
        struct event ev = { events, 0, i->data };
        if (!(i->events & EPOLLET)) list_add_tail(&e->ready, &i->in_ready);
        if (copy_out(to + (u64)n * sizeof(ev), &ev, sizeof(ev))) error = -EFAULT;
        else n++;
        if (i->events & EPOLLONESHOT) i->events = 0;
    }
    while (!list_empty(&pass)) { /* not asked yet: first next time */
        struct list *last = pass.prev;
        list_del(last);
        list_add(&e->ready, last);
    }
    return n ? n : error;
}

s64 sys_epoll_pwait(const struct args *a) {
    struct file *ef = fd_file(a->a[0]);
    if (!ef) return -EBADF;
    s32 timeout = (s32)a->a[3], max = (s32)a->a[2];
    if (ef->ops != &epoll_ops || max <= 0) return -EINVAL;
    struct epoll *e = ef->object;
    u64 deadline = timeout <= 0 ? TICKS_NEVER : now() + ns_to_time((u64)timeout * 1000000);
    for (;;) {
        s64 n = collect(e, a->a[1], (u64)max);
        if (n || timeout == 0) return n;
        if (sleep_on(e, deadline)) timeout = 0; /* time is up: look once more */
    }
}

void poll_wakeup(void) {
    if (pollers) wakeup(&pollers);
}

s64 sys_ppoll(const struct args *a) {
    u64 count = a->a[1], deadline = TICKS_NEVER, ns;
    if (count > MAX_POLLFDS) return -EINVAL;
    if (a->a[2]) {
        int error = copy_in_timespec(a->a[2], &ns);
        if (error) return error;
        deadline = now() + ns_to_time(ns);
    }
    for (;;) {
        s64 ready = 0;
        for (u64 i = 0; i < count; i++) {
            struct pollfd p;
            u64 at = a->a[0] + i * sizeof(p);
            if (copy_in(&p, at, sizeof(p))) return -EFAULT;
            struct file *f = p.fd < 0 ? NULL : fd_file((u64)p.fd);
            p.revents = p.fd < 0 ? 0 : f ? (s16)(file_poll(f) & ((u16)p.events | ALWAYS)) : 0x20; /* POLLNVAL */
            if (p.revents) ready++;
            if (copy_out(at, &p, sizeof(p))) return -EFAULT;
        }
        if (ready || (deadline != TICKS_NEVER && now() >= deadline)) return ready;
        pollers++;
        sleep_on(&pollers, deadline);
        pollers--;
    }
}
