uname -srm
grep -E '^(isa|mmu)' /proc/cpuinfo
insmod /kvm.ko
ls -l /dev/kvm
