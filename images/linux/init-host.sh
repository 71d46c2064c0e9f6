#!/bin/busybox sh
# First process of the host with the small kernel: runs one guest (the shell script beside it is made with the images).
busybox mount -t proc proc /proc
mount -t devtmpfs dev /dev
echo "host: $(uname -srm)"
if [ "$run" = shell ]; then
	setsid cttyhack sh
else
	sh /guest/run.sh
	echo "host: the guest ended with $?"
fi
poweroff -f
