#!/bin/busybox sh
# First process under Debian's kernel. `run=check` or `run=shell` on the kernel's command line.
busybox mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
if [ "$run" = shell ]; then
	setsid cttyhack sh
else
	cat /check.sh | sh -i
fi
poweroff -f
