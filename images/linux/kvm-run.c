/*
 * A KVM user helper as small as a guest Linux with a console allows: memory, images, one vCPU, and the SBI calls that
 * KVM hands to user space.
 *
 *   kvm-run MEMORY_MIB ENTRY FILE@ADDRESS...     addresses: guest-physical, hexadecimal, RAM from 80000000 on
 *
 * The vCPU starts at ENTRY with a0 = 0 (its hart) and a1 = the address of the last file (the device tree).
 * Exit code: 0 when the guest powered off, 1 otherwise; the reason goes to standard error.
 */
#include <err.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/kvm.h>

#define RAM_BASE 0x80000000UL

/* SBI 0.1, "Legacy Extensions": the only calls that reach user space. */
#define SBI_PUTCHAR 0x1
#define SBI_GETCHAR 0x2
#define SBI_ERR_NOT_SUPPORTED (-2UL)

/* Register name of ch. "KVM_SET_ONE_REG" (Linux, Documentation/virt/kvm/api.rst). */
#define CORE_REG(field) \
	(KVM_REG_RISCV | KVM_REG_SIZE_U64 | KVM_REG_RISCV_CORE | KVM_REG_RISCV_CORE_REG(field))

static uint64_t call(int fd, const char *name, unsigned long request, const void *argument)
{
	int result = ioctl(fd, request, argument);
	if (result < 0)
		err(1, "%s", name);
	return result;
}
#define CALL(fd, request, argument) call(fd, #request, request, (const void *)(uintptr_t)(argument))

/* Reads FILE@ADDRESS into guest RAM; returns the address. */
static uint64_t load(const char *what, uint8_t *ram, uint64_t size)
{
	char *path = strdup(what), *at = strchr(path, '@');
	struct stat status;
	if (at == NULL)
		errx(1, "%s: expected FILE@ADDRESS", what);
	*at = '\0';
	uint64_t address = strtoull(at + 1, NULL, 16), offset = address - RAM_BASE;
	int fd = open(path, O_RDONLY);
	if (fd < 0 || fstat(fd, &status) < 0)
		err(1, "%s", path);
	if (offset > size || (uint64_t)status.st_size > size - offset)
		errx(1, "%s: outside guest RAM", what);
	for (uint64_t done = 0; done < (uint64_t)status.st_size;) {
		ssize_t count = read(fd, ram + offset + done, status.st_size - done);
		if (count <= 0)
			err(1, "%s", path);
		done += count;
	}
	close(fd);
	free(path);
	return address;
}

static void set_register(int vcpu, uint64_t id, uint64_t value)
{
	struct kvm_one_reg one = { .id = id, .addr = (uintptr_t)&value };
	CALL(vcpu, KVM_SET_ONE_REG, &one);
}

/* The guest's console: whole lines, because each write is a system call and more of the host's own console. */
static char line[256];
static size_t line_length;

static void flush(void)
{
	if (write(STDOUT_FILENO, line, line_length) != (ssize_t)line_length)
		err(1, "standard output");
	line_length = 0;
}

static void put_character(char c)
{
	line[line_length++] = c;
	if (c == '\n' || line_length == sizeof line)
		flush();
}

static void on_sbi(struct kvm_run *run)
{
	run->riscv_sbi.ret[0] = 0;
	run->riscv_sbi.ret[1] = 0;
	switch (run->riscv_sbi.extension_id) {
	case SBI_PUTCHAR:
		put_character((char)run->riscv_sbi.args[0]);
		break;
	case SBI_GETCHAR:
		run->riscv_sbi.ret[0] = -1UL; /* no input */
		break;
	default:
		run->riscv_sbi.ret[0] = SBI_ERR_NOT_SUPPORTED;
	}
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(1, "usage: kvm-run MEMORY_MIB ENTRY FILE@ADDRESS...");
	uint64_t size = strtoull(argv[1], NULL, 10) << 20, address = 0;
	int kvm = open("/dev/kvm", O_RDWR);
	if (kvm < 0)
		err(1, "/dev/kvm");
	int vm = CALL(kvm, KVM_CREATE_VM, 0);
	uint8_t *ram = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (ram == MAP_FAILED)
		err(1, "guest RAM");
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = RAM_BASE, .memory_size = size, .userspace_addr = (uintptr_t)ram,
	};
	CALL(vm, KVM_SET_USER_MEMORY_REGION, &region);
	for (int i = 3; i < argc; i++)
		address = load(argv[i], ram, size);

	int vcpu = CALL(vm, KVM_CREATE_VCPU, 0);
	struct kvm_run *run = mmap(NULL, CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		err(1, "struct kvm_run");
	set_register(vcpu, CORE_REG(regs.pc), strtoull(argv[2], NULL, 16));
	set_register(vcpu, CORE_REG(regs.a0), 0);
	set_register(vcpu, CORE_REG(regs.a1), address);

	for (;;) {
		CALL(vcpu, KVM_RUN, 0);
		switch (run->exit_reason) {
		case KVM_EXIT_RISCV_SBI:
			on_sbi(run);
			break;
		case KVM_EXIT_SYSTEM_EVENT:
			if (run->system_event.type != KVM_SYSTEM_EVENT_SHUTDOWN)
				errx(1, "the guest asked for system event %u", run->system_event.type);
			flush();
			return 0;
		case KVM_EXIT_MMIO:
			errx(1, "the guest accessed %#llx, where nothing is", run->mmio.phys_addr);
		default:
			errx(1, "exit reason %u", run->exit_reason);
		}
	}
}
