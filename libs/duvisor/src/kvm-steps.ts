/**
 * The KVM-like module's steps beside those of Linux 6.1's KVM (kvm-cost.md sections 2, 4, 5 and 6).
 *
 * A step is a STEP() label in guest/kvm, guest/host or guest/vmm, named after the Linux function that does the same work; its
 * column is that of kvm-cost.md section 2. Counts are retired instructions per operation on Linux, by row of that section:
 * 1 null hypercall, 3a and 3b stage-2 write fault (page absent, present), 3d stage-2 read fault of an absent page, 4 MMIO load
 * and 5 MMIO store emulated in user space. A count is missing where the function was not measured apart: it is inlined in
 * another, or below the 25 largest. Row 3d was measured by column only; its counts here are those of 3a where the same code
 * runs the same number of times.
 */

export type KvmColumn =
  | 'switch'
  | 'arch'
  | 'gen'
  | 'mm'
  | 'lib'
  | 'rcu'
  | 'entry'
  | 'FP'
  | 'sched'
  | 'user'
  | 'fw'
  /** Device drivers, bridge and tap: on none of the exits that Linux was measured on. */
  | 'io';

export type LinuxRow = '1' | '3a' | '3b' | '3d' | '4' | '5';

/** Instructions per operation on Linux. */
export type LinuxCounts = Readonly<Partial<Record<LinuxRow, number>>>;

export interface KvmStep {
  readonly step: string;
  readonly column: KvmColumn;
  /** The Linux functions whose work the step is. */
  readonly linux: string;
  readonly counts: LinuxCounts;
}

export interface LeftOutStep extends KvmStep {
  /** Why the module does not do it. */
  readonly leftOut: string;
}

const everyRow = (count: number): LinuxCounts => ({
  '1': count,
  '3a': count,
  '3b': count,
  '3d': count,
  '4': count,
  '5': count,
});
const faultRows = (count: number): LinuxCounts => ({ '3a': count, '3b': count, '3d': count });
const mmioRows = (count: number): LinuxCounts => ({ '4': count, '5': count });
const notApart: LinuxCounts = {};

const step = (name: string, column: KvmColumn, linux: string, counts: LinuxCounts): KvmStep => ({
  step: name,
  column,
  linux,
  counts,
});

/** In the order in which an exit passes through them. */
export const kvmSteps: readonly KvmStep[] = [
  // exit and entry, common to all
  step('trap', 'switch', 'the trap itself, until the vector', notApart),
  step('__kvm_switch_return', 'switch', '__kvm_switch_return', everyRow(71)),
  step('__kvm_riscv_switch_to', 'switch', '__kvm_riscv_switch_to', everyRow(72)),
  step('kvm_arch_vcpu_ioctl_run', 'arch', 'kvm_arch_vcpu_ioctl_run', { '1': 79, ...faultRows(111), ...mmioRows(169) }),
  step('kvm_riscv_vcpu_flush_interrupts', 'arch', 'inlined in kvm_arch_vcpu_ioctl_run', notApart),
  step(
    'kvm_riscv_vcpu_sync_interrupts',
    'arch',
    'kvm_riscv_vcpu_sync_interrupts, kvm_riscv_vcpu_timer_sync',
    everyRow(37),
  ),
  step('kvm_riscv_vcpu_enter_exit', 'arch', 'kvm_riscv_vcpu_enter_exit', everyRow(16)),
  step('kvm_riscv_gstage_vmid_update', 'arch', 'kvm_riscv_gstage_vmid_update', everyRow(27)),
  step('kvm_riscv_gstage_vmid_ver_changed', 'arch', 'kvm_riscv_gstage_vmid_ver_changed', everyRow(8)),
  step(
    'kvm_riscv_local_tlb_sanitize',
    'arch',
    'kvm_riscv_local_tlb_sanitize, kvm_riscv_gstage_vmid_bits',
    everyRow(16),
  ),
  step('kvm_riscv_vcpu_exit', 'arch', 'kvm_riscv_vcpu_exit', { '1': 36, ...faultRows(65), '4': 58 }),
  step('xfer_to_guest_mode_handle_work', 'entry', 'xfer_to_guest_mode_handle_work', everyRow(13)),
  step('__srcu_read_lock', 'rcu', '__srcu_read_lock', { '1': 21, ...faultRows(21), ...mmioRows(42) }),
  step('__srcu_read_unlock', 'rcu', '__srcu_read_unlock', { '1': 19, ...faultRows(19), ...mmioRows(38) }),
  step('rcu_note_context_switch', 'rcu', 'rcu_note_context_switch, rcu_qs', everyRow(31)),
  step('_raw_spin_lock_irqsave', 'lib', '_raw_spin_lock_irqsave', everyRow(42)),
  step('_raw_spin_unlock_irqrestore', 'lib', '_raw_spin_unlock_irqrestore', everyRow(48)),

  // hypercall
  step('kvm_riscv_vcpu_sbi_ecall', 'arch', 'kvm_riscv_vcpu_sbi_ecall', { '1': 63 }),
  step('kvm_sbi_ext_handler', 'arch', 'kvm_sbi_ext_base_handler', { '1': 23 }),

  // fault: slot and user address, common to RAM and MMIO
  step('gstage_page_fault', 'arch', 'inlined in kvm_riscv_vcpu_exit', notApart),
  step('gfn_to_memslot', 'gen', 'gfn_to_memslot', notApart),
  step('gfn_to_hva_memslot_prot', 'gen', 'gfn_to_hva_memslot_prot', notApart),

  // stage-2 fault: the user page
  step('kvm_riscv_gstage_map', 'arch', 'kvm_riscv_gstage_map', faultRows(131)),
  step('kvm_mmu_topup_memory_cache', 'gen', 'kvm_mmu_topup_memory_cache', faultRows(26)),
  step('down_read', 'lib', 'down_read', notApart),
  step('up_read', 'lib', 'up_read', notApart),
  step('mtree_load', 'mm', 'mtree_load, mtree_range_walk (a red-black tree here)', faultRows(268)),
  step('__gfn_to_pfn_memslot', 'gen', '__gfn_to_pfn_memslot, hva_to_pfn', faultRows(62)),
  step('get_user_pages_unlocked', 'mm', 'get_user_pages_unlocked', faultRows(74)),
  step('get_user_pages', 'mm', '__get_user_pages', { '3a': 143, '3b': 105, '3d': 143 }),
  step('follow_page_mask', 'mm', 'follow_page_mask', { '3a': 333, '3b': 176, '3d': 333 }),
  step('handle_mm_fault', 'mm', '__handle_mm_fault, handle_mm_fault', { '3a': 277 }),
  step('do_anonymous_page', 'mm', 'inlined in __handle_mm_fault', notApart),
  step('do_wp_page', 'mm', 'do_wp_page', notApart),
  step('alloc_pages', 'mm', '__alloc_pages', { '3a': 96 }),
  step('get_page_from_freelist', 'mm', 'get_page_from_freelist', { '3a': 183 }),
  step('rmqueue_bulk', 'mm', 'rmqueue_bulk', { '3a': 96 }),
  step('page_add_new_anon_rmap', 'mm', 'page_add_new_anon_rmap', notApart),
  step('lru_add', 'mm', 'folio_add_lru', notApart),
  step('lru_add_fn', 'mm', 'lru_add_fn', { '3a': 74 }),
  step('folio_activate_fn', 'mm', 'folio_activate_fn', { '3b': 116 }),
  step('folio_mark_accessed', 'mm', 'folio_mark_accessed', { '3a': 77, '3b': 56 }),
  step('mod_node_page_state', 'mm', '__mod_node_page_state', { '3a': 70, '3b': 66 }),
  step('set_pte', 'mm', 'set_pte_at, flush_tlb_page', notApart),
  step('memset', 'lib', 'memset: zeroing the page and the vCPU mask', { '3a': 642, '3b': 78, '3d': 78 }),
  step('_raw_spin_lock', 'lib', '_raw_spin_lock', { '3a': 133, '3b': 95 }),
  step('_raw_spin_unlock', 'lib', '_raw_spin_unlock', notApart),
  step('spin_lock', 'lib', 'in _raw_spin_lock', notApart),
  step('spin_unlock', 'lib', 'in _raw_spin_unlock', notApart),

  // stage-2 fault: the G-stage entry and its announcement
  step('kvm_set_pfn_dirty', 'gen', 'kvm_set_pfn_dirty', notApart),
  step('mark_page_dirty', 'gen', 'mark_page_dirty_in_slot', notApart),
  step('gstage_set_pte', 'arch', 'gstage_set_pte (five levels, three here)', faultRows(180)),
  step('make_xfence_request', 'arch', 'make_xfence_request', faultRows(138)),
  step('kvm_make_vcpus_request_mask', 'gen', 'kvm_make_vcpus_request_mask', faultRows(95)),
  step('_find_next_bit', 'lib', '_find_next_bit', faultRows(137)),
  step('xa_find', 'lib', 'xas_find and its callers', faultRows(52)),
  step('memcpy', 'lib', 'memcpy', faultRows(120)),
  step('kvm_riscv_hfence_process', 'arch', 'kvm_riscv_hfence_process', faultRows(142)),
  step('kvm_set_pfn_accessed', 'gen', 'kvm_set_pfn_accessed', notApart),
  step('kvm_release_pfn_clean', 'gen', 'kvm_release_pfn_clean', notApart),

  // MMIO: decode and bus
  step('kvm_riscv_vcpu_mmio', 'arch', 'kvm_riscv_vcpu_mmio_load, kvm_riscv_vcpu_mmio_store', { '4': 78 }),
  step('kvm_riscv_vcpu_unpriv_read', 'arch', 'kvm_riscv_vcpu_unpriv_read', mmioRows(27)),
  step('kvm_io_bus_read', 'gen', 'kvm_io_bus_read (its bsearch is counted with lib)', { '4': 36 }),
  step('kvm_io_bus_write', 'gen', 'kvm_io_bus_write, bsearch', notApart),
  step('kvm_riscv_vcpu_mmio_return', 'arch', 'kvm_riscv_vcpu_mmio_return', { '4': 31 }),

  // MMIO: to the VMM and back
  step('kvm_arch_vcpu_put', 'arch', 'kvm_arch_vcpu_put, vcpu_put', mmioRows(35)),
  step('kvm_arch_vcpu_load', 'arch', 'kvm_arch_vcpu_load, vcpu_load', mmioRows(58)),
  step('kvm_riscv_vcpu_update_config', 'arch', '__riscv_isa_extension_available', mmioRows(78)),
  step('__kvm_riscv_fp_d_save', 'FP', '__kvm_riscv_fp_d_save', mmioRows(39)),
  step('__kvm_riscv_fp_d_restore', 'FP', '__kvm_riscv_fp_d_restore, twice', mmioRows(78)),
  step('kvm_riscv_vcpu_guest_fp_restore', 'FP', 'kvm_riscv_vcpu_guest_fp_restore', mmioRows(29)),
  step('kvm_riscv_vcpu_guest_fp_save', 'FP', 'kvm_riscv_vcpu_guest_fp_save', notApart),
  step('kvm_riscv_gstage_update_hgatp', 'arch', 'kvm_riscv_gstage_update_hgatp', notApart),
  step('kvm_riscv_vcpu_timer_restore', 'arch', 'kvm_riscv_vcpu_timer_restore', notApart),
  step('preempt_notifier_register', 'sched', 'preempt_notifier_register', notApart),
  step('preempt_notifier_unregister', 'sched', 'preempt_notifier_unregister', notApart),
  step('kvm_vcpu_ioctl', 'gen', 'kvm_vcpu_ioctl', mmioRows(82)),
  step('mutex_lock_killable', 'lib', 'mutex_lock_killable', notApart),
  step('mutex_unlock', 'lib', 'mutex_unlock', notApart),
  step('handle_exception', 'entry', 'handle_exception (_save_context)', mmioRows(58)),
  step('ret_from_exception', 'entry', 'ret_from_exception (resume_kernel)', mmioRows(37)),
  step('sys_ioctl', 'entry', 'sys_ioctl', mmioRows(64)),
  step('fget_light', 'entry', '__fget_light', mmioRows(59)),
  step('vmm_ioctl', 'user', 'the helper', notApart),
  step('vmm_dispatch', 'user', 'the helper', { '4': 59, '5': 50 }),

  // seldom: a host timer tick, a WFI, an interrupt from another thread
  step('kvm_riscv_vcpu_virtual_insn', 'arch', 'kvm_riscv_vcpu_virtual_insn', notApart),
  step('kvm_riscv_vcpu_set_interrupt', 'arch', 'kvm_riscv_vcpu_set_interrupt', notApart),
  step('kvm_riscv_vcpu_unset_interrupt', 'arch', 'kvm_riscv_vcpu_unset_interrupt', notApart),
  step('kvm_vcpu_halt', 'gen', 'kvm_vcpu_halt: polling before the sleep', notApart),
  step('kvm_vcpu_block', 'gen', 'kvm_vcpu_block', notApart),

  // devices: a notification, an interrupt of the machine's own devices, a frame or a block on its way
  step('ioeventfd_write', 'gen', 'ioeventfd_write', notApart),
  step('eventfd_signal', 'gen', 'eventfd_signal', notApart),
  step('eventfd_read', 'gen', 'eventfd_read', notApart),
  step('eventfd_write', 'gen', 'eventfd_write', notApart),
  step('do_sys_poll', 'entry', 'do_sys_poll', notApart),
  step('futex_wait', 'sched', 'futex_wait', notApart),
  step('futex_wake', 'sched', 'futex_wake', notApart),
  step('__schedule', 'sched', '__schedule, until the next mark of the thread that goes on', notApart),
  step('plic_handle_irq', 'sched', 'plic_handle_irq', notApart),
  step('virtblk_done', 'io', 'virtblk_done', notApart),
  step('virtio_queue_rq', 'io', 'virtio_queue_rq', notApart),
  step('virtnet_poll', 'io', 'virtnet_poll', notApart),
  step('receive_buf', 'io', 'receive_buf', notApart),
  step('start_xmit', 'io', 'start_xmit (virtio_net)', notApart),
  step('br_handle_frame', 'io', 'br_handle_frame', notApart),
  step('tun_net_xmit', 'io', 'tun_net_xmit', notApart),
  step('tun_do_read', 'io', 'tun_do_read', notApart),
  step('tun_get_user', 'io', 'tun_get_user', notApart),
  step('vmm_interrupt', 'user', 'the VMM', notApart),
  step('plic_register', 'user', 'the VMM', notApart),
  step('virtio_register', 'user', 'the VMM', notApart),
  step('virtqueue_next', 'user', 'the VMM', notApart),
  step('virtqueue_done', 'user', 'the VMM', notApart),
  step('virtqueue_interrupt', 'user', 'the VMM', notApart),
  step('block_request', 'user', 'the VMM', notApart),
  step('net_send', 'user', 'the VMM', notApart),
  step('net_receive', 'user', 'the VMM', notApart),
  step('io_wait', 'user', 'the VMM', notApart),
];

const leftOut = (name: string, column: KvmColumn, linux: string, counts: LinuxCounts, reason: string): LeftOutStep => ({
  step: name,
  column,
  linux,
  counts,
  leftOut: reason,
});

/** What Linux does on these exits and the module does not. */
export const leftOutSteps: readonly LeftOutStep[] = [
  leftOut(
    'get_user_page_fast_only',
    'mm',
    'get_user_pages_fast_only',
    faultRows(142),
    'an attempt that always fails on RISC-V 6.1',
  ),
  leftOut('__mod_zone_page_state', 'mm', '__mod_zone_page_state', { '3b': 57 }, 'one zone: counted with the node'),
  leftOut('mt_find', 'mm', 'mt_find', { '3b': 65 }, 'the VMA found by the first search is used'),
  leftOut('kfree', 'mm', 'kfree of the optional buffers of kvm_vcpu_ioctl', mmioRows(14), 'no such buffer exists'),
  leftOut(
    '__cond_resched',
    'sched',
    '__cond_resched, out of line',
    { '3a': 35, '3b': 18, '3d': 35 },
    'done, but inlined: one load and a branch in get_user_pages',
  ),
  leftOut(
    'rcu_all_qs',
    'rcu',
    'rcu_all_qs of __cond_resched',
    { '3a': 24, '3b': 12, '3d': 24 },
    'RCU has one quiescent state here, rcu_note_context_switch',
  ),
];

/** What Linux's count of a column holds beyond the functions measured apart, and where the module does that work. */
export interface UnsplitRest {
  readonly row: LinuxRow;
  readonly column: KvmColumn;
  /** Instructions per operation on Linux. */
  readonly count: number;
  readonly note: string;
}

const unsplit = (row: LinuxRow, column: KvmColumn, count: number, note: string): UnsplitRest => ({
  row,
  column,
  count,
  note: `not measured apart: ${note}`,
});

/** With these, the counts of a row's steps sum to its columns in kvm-cost.md section 2 (a test). */
export const unsplitRests: readonly UnsplitRest[] = [
  unsplit('3d', 'arch', 25, 'done in gstage_page_fault and kvm_riscv_vcpu_flush_interrupts'),
  unsplit(
    '3d',
    'gen',
    218,
    'done in gfn_to_memslot, gfn_to_hva_memslot_prot, kvm_set_pfn_accessed and kvm_release_pfn_clean',
  ),
  unsplit('3d', 'mm', 403, 'done in handle_mm_fault, do_anonymous_page, folio_mark_accessed and set_pte'),
  unsplit('3d', 'lib', 401, 'done in down_read, up_read and the spinlock steps'),
  unsplit('4', 'arch', 58, 'done in gstage_page_fault, the hgatp, timer and interrupt-flush steps'),
  unsplit('4', 'gen', 117, 'done in gfn_to_memslot, gfn_to_hva_memslot_prot and kvm_vcpu_ioctl'),
  unsplit('4', 'lib', 65, 'bsearch 50, done in kvm_io_bus_read; the rest in mutex_lock_killable and mutex_unlock'),
  unsplit('4', 'entry', 40, 'done in handle_exception, sys_ioctl and ret_from_exception'),
  unsplit('4', 'FP', 31, 'done in kvm_riscv_vcpu_guest_fp_save and kvm_riscv_vcpu_guest_fp_restore'),
  unsplit('4', 'sched', 38, 'done in preempt_notifier_register and preempt_notifier_unregister'),
];

/** The workloads' rows: what the guest does is that row's operation. */
const rowOf: Readonly<Record<string, LinuxRow>> = { hypercall: '1', 'stage2-fault': '3d', mmio: '4' };

/** Steps of the delegated back end (guest/vmm/duvisor): all of it is user code. */
const duvisorSteps = [
  'loop',
  'switch_to_guest',
  'dispatch',
  'sbi',
  'fault_check',
  'gstage_map',
  'gstage_unlock',
  'mmio_decode',
  'mmio_device',
  'wfi',
  'vplic_post',
] as const;

const columns = new Map<string, KvmColumn>([
  ...kvmSteps.map(({ step: name, column }) => [name, column] as const),
  ...duvisorSteps.map((name) => [name, 'user'] as const),
]);

/** Column of a measured step; `guest` for the guest's own instructions, `unassigned` for a label this table does not know. */
export function columnOf(name: string): string {
  return name === 'guest' ? 'guest' : (columns.get(name) ?? 'unassigned');
}

/** One step of a workload beside Linux's. */
export interface WorkloadStep {
  readonly primitive: string;
  readonly step: string;
  readonly column: string;
  /** Instructions per operation on Linux; null when not measured apart. */
  readonly linux: number | null;
  /** Null when the module does the step. */
  readonly leftOut: string | null;
  /** Of a row that is no step of its own but the rest of a column: where the module does that work. */
  readonly note: string | null;
}

/** The steps that Linux was measured to do on the workload's operation, and those left out there. */
export function workloadSteps(primitive: string): WorkloadStep[] {
  const row = rowOf[primitive];
  if (row === undefined) return [];
  const inRow = <T extends KvmStep>(steps: readonly T[]): readonly T[] =>
    steps.filter(({ counts }) => counts[row] !== undefined);
  return [
    ...inRow(kvmSteps).map((entry) => toWorkloadStep(primitive, row, entry, null)),
    ...inRow(leftOutSteps).map((entry) => toWorkloadStep(primitive, row, entry, entry.leftOut)),
    ...unsplitRests
      .filter((rest) => rest.row === row)
      .map(({ column, count, note }) => ({
        primitive,
        step: `rest of ${column}`,
        column,
        linux: count,
        leftOut: null,
        note,
      })),
  ];
}

function toWorkloadStep(primitive: string, row: LinuxRow, entry: KvmStep, reason: string | null): WorkloadStep {
  const { step: name, column, counts } = entry;
  return { primitive, step: name, column, linux: counts[row] ?? null, leftOut: reason, note: null };
}
