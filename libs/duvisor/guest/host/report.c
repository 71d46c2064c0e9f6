/* What the kernel counted, on the console when init ends (bootargs `statistics=1`). */
#include "kernel.h"

void report_statistics(void) {
    struct task *t = current;
    lru_drain();
    printk("memory: %ld pages free, %ld anonymous, %ld inactive, %ld active, %ld page tables, %ld slab\n",
           zone_stat(ZONE_FREE_PAGES), zone_stat(ZONE_ANON_PAGES), zone_stat(ZONE_LRU_INACTIVE), zone_stat(ZONE_LRU_ACTIVE),
           zone_stat(ZONE_PAGE_TABLES), zone_stat(ZONE_SLAB_PAGES));
    printk("events: %lu pages allocated, %lu freed, %lu faults, %lu activated, %lu switches\n", vm_event(EVENT_PAGE_ALLOC),
           vm_event(EVENT_PAGE_FREE), vm_event(EVENT_PAGE_FAULT), vm_event(EVENT_PAGE_ACTIVATE), t->hart->switches);
    printk("%s: %lu faults, ticks: %lu user, %lu system, %lu guest\n", t->name, t->faults, t->user_ticks, t->system_ticks,
           t->guest_ticks);
}
