/** The DV-driver's character device: ioctls of /dev/dv_driver (duvisor.md 11). Shared by the host kernel and the VMM. */
export interface Ioctl {
  readonly name: string;
  /** Number within the driver. */
  readonly number: number;
  /** As Linux's _IO, _IOR, _IOW, _IOWR: who fills the argument, seen from the caller. */
  readonly direction: 'none' | 'read' | 'write' | 'both';
  /** Size of the argument in bytes. */
  readonly bytes: number;
  /** Argument and effect. */
  readonly doc: string;
}

/** 'k' */
const MAGIC = 0x6b;
const DIRECTION = { none: 0, write: 1, read: 2, both: 3 } as const;

export const dvApiVersion = 0x12345678;

export const dvIoctls: readonly Ioctl[] = [
  { name: 'GET_API_VERSION', number: 1, direction: 'read', bytes: 8, doc: 'u64 out' },
  { name: 'REGISTER_SHARED_MEM', number: 2, direction: 'write', bytes: 16, doc: '{va, size}: recorded only' },
  {
    name: 'REQUEST_DELEG',
    number: 3,
    direction: 'write',
    bytes: 16,
    doc: 'u64 edeleg, ideleg; EPERM outside the masks',
  },
  {
    name: 'REGISTER_VCPU',
    number: 4,
    direction: 'none',
    bytes: 0,
    doc: 'this thread becomes a vCPU thread: hstatus.HU',
  },
  { name: 'UNREGISTER_VCPU', number: 5, direction: 'none', bytes: 0, doc: 'and back' },
  { name: 'QUERY_PFN', number: 6, direction: 'both', bytes: 8, doc: 'u64 in: start of an area, out: its first pfn' },
  { name: 'RELEASE_PFN', number: 7, direction: 'write', bytes: 8, doc: 'u64 pfn: unmap and free that area' },
  {
    name: 'REMOTE_FENCE',
    number: 8,
    direction: 'read',
    bytes: 16,
    doc: 'HFENCE.GVMA on all harts; SBI error, value out',
  },
  { name: 'GET_VMID', number: 9, direction: 'read', bytes: 8, doc: 'u64 out' },
  { name: 'GET_VINTERRUPT_ADDR', number: 10, direction: 'read', bytes: 8, doc: 'ENOSYS here: leaks a kernel address' },
  { name: 'GET_CPUID', number: 11, direction: 'read', bytes: 8, doc: 'u64 in: hart id, out: cpu number' },
  { name: 'SET_VINTERRUPT', number: 12, direction: 'read', bytes: 8, doc: 'u32 in: written to vinterrupts' },
  { name: 'VPLIC_CLAIM', number: 13, direction: 'none', bytes: 0, doc: 'ENOSYS here: debugging' },
];

/** The request number as the system call takes it. */
export function ioctlRequest(row: Ioctl): number {
  return ((DIRECTION[row.direction] << 30) | (row.bytes << 16) | (MAGIC << 8) | row.number) >>> 0;
}
