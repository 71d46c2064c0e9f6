/** Device tree of the guest that images/linux/kvm-run.c runs: a hart, RAM, and the SBI for everything else. */
import { fdtNode, resolveConfig, seedBytes, writeFdt } from '#libs/riscv-core';

/** Guest-physical addresses; RAM begins at `ram`. */
export const guestLayout = {
  ram: 0x8000_0000n,
  memoryMib: 64,
  image: 0x8020_0000n,
  initrd: 0x8200_0000n,
  deviceTree: 0x83f0_0000n,
} as const;

const INTERRUPT_CONTROLLER = 1;

export function guestDeviceTree(bootargs: string, initrdBytes: number): Uint8Array {
  const { ram, memoryMib, initrd } = guestLayout;
  // KVM gives the guest the host's time.
  const { timebaseHz } = resolveConfig({ machine: 'virt' });
  const root = fdtNode(
    '',
    { '#address-cells': 2, '#size-cells': 2, compatible: 'duvisor-farm,kvm-run', model: 'kvm-run' },
    [
      fdtNode('chosen', {
        bootargs,
        'linux,initrd-start': initrd,
        'linux,initrd-end': initrd + BigInt(initrdBytes),
        // Without it the first getrandom() gathers entropy for a billion instructions.
        'rng-seed': seedBytes(1, 64),
      }),
      fdtNode('cpus', { '#address-cells': 1, '#size-cells': 0, 'timebase-frequency': timebaseHz }, [
        fdtNode(
          'cpu@0',
          {
            device_type: 'cpu',
            reg: 0,
            status: 'okay',
            compatible: 'riscv',
            'riscv,isa': 'rv64imafdc',
            'mmu-type': 'riscv,sv39',
          },
          [
            fdtNode('interrupt-controller', {
              compatible: 'riscv,cpu-intc',
              '#interrupt-cells': 1,
              'interrupt-controller': [],
              phandle: INTERRUPT_CONTROLLER,
            }),
          ],
        ),
      ]),
      fdtNode(`memory@${ram.toString(16)}`, { device_type: 'memory', reg: [ram, BigInt(memoryMib) << 20n] }),
    ],
  );
  return writeFdt({ root, reservations: [], bootCpu: 0 });
}
