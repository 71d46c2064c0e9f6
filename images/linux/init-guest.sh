#!/bin/busybox sh
# First process of the guest: memcached and its client, over the loop-back device.
busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "guest: $(uname -srm)"
grep -E '^(isa|mmu)' /proc/cpuinfo
ifconfig lo 127.0.0.1
memcached -u root -t 1 -m 8 -l 127.0.0.1 &
memcached-pairs 127.0.0.1 11211 200
poweroff -f
