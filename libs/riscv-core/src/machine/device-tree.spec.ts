import { describe, expect, it } from 'vitest';
import { echoPeer } from '../devices/echo-peer.js';
import { resolveConfig, type MachineOptions } from './config.js';
import { generateDeviceTree, patchDeviceTree } from './device-tree.js';
import { readFdt, type FdtNode } from './fdt.js';

function tree(options: MachineOptions): FdtNode {
  return readFdt(generateDeviceTree(resolveConfig(options), { seed: 1 }), 'generated').root;
}

function at(root: FdtNode, path: string): FdtNode {
  return path.split('/').reduce((node, name) => {
    const child = node.children.find((candidate) => candidate.name === name);
    if (child === undefined) throw new Error(`no node ${name} of ${path}`);
    return child;
  }, root);
}

const text = (node: FdtNode, name: string): string => new TextDecoder().decode(node.properties.get(name));
const cells = (node: FdtNode, name: string): number[] => {
  const bytes = node.properties.get(name) ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index));
};

describe('device tree', () => {
  it('names harts, memory, timebase and console', () => {
    const root = tree({ harts: 2, memoryBytes: 64 * 2 ** 20 });
    expect(at(root, 'cpus').children.map((cpu) => cpu.name)).toEqual(['cpu@0', 'cpu@1']);
    expect(text(at(root, 'cpus/cpu@1'), 'riscv,isa')).toBe('rv64imafdch_zicntr_zicsr_zifencei_zihpm\0');
    expect(text(at(root, 'cpus/cpu@1'), 'mmu-type')).toBe('riscv,sv39\0');
    expect(cells(at(root, 'cpus'), 'timebase-frequency')).toEqual([10_000_000]);
    expect(cells(at(root, 'memory@80000000'), 'reg')).toEqual([0, 0x8000_0000, 0, 0x400_0000]);
    expect(text(at(root, 'chosen'), 'stdout-path')).toBe('/soc/serial@10000000\0');
    expect(text(at(root, 'soc/serial@10000000'), 'compatible')).toBe('ns16550a\0');
  });

  it('announces the extensions that the machine has, and no other', () => {
    const isa = (options: MachineOptions): string => text(at(tree(options), 'cpus/cpu@0'), 'riscv,isa');
    expect(isa({ isa: 'rv64imac' })).toBe('rv64imac_zicntr_zicsr_zifencei_zihpm\0');
    expect(isa({ isa: 'rv64gchb_svinval_svadu_sstc' })).toBe(
      'rv64imafdch_zicntr_zicsr_zifencei_zihpm_zba_zbb_zbs_sstc_svadu_svinval\0',
    );
    // Its event counters read 0.
    expect(isa({ machine: 'firesim' })).toBe('rv64imafdch_zicntr_zicsr_zifencei\0');
  });

  it('gives the interrupt controller contexts M and S per hart, and with DV-ext VS as the third', () => {
    const contexts = (options: MachineOptions): number[] =>
      cells(at(tree(options), 'soc/interrupt-controller@c000000'), 'interrupts-extended');
    expect(contexts({ harts: 2 })).toEqual([1, 11, 1, 9, 2, 11, 2, 9]);
    expect(contexts({ harts: 2, dvext: 'rocket' })).toEqual([1, 11, 1, 9, 1, 10, 2, 11, 2, 9, 2, 10]);
  });

  it('has a virtio-mmio node for each device that is configured', () => {
    const virtio = (options: MachineOptions): [string, number[], number[]][] =>
      at(tree(options), 'soc')
        .children.filter((node) => text(node, 'compatible') === 'virtio,mmio\0')
        .map((node) => [node.name, cells(node, 'reg'), cells(node, 'interrupts')]);
    const net: [string, number[], number[]] = ['virtio_mmio@10001000', [0, 0x1000_1000, 0, 0x1000], [1]];
    const block: [string, number[], number[]] = ['virtio_mmio@10002000', [0, 0x1000_2000, 0, 0x1000], [2]];
    expect(virtio({})).toEqual([]);
    expect(virtio({ net: { peer: echoPeer() } })).toEqual([net]);
    expect(virtio({ block: { image: new Uint8Array(512) } })).toEqual([block]);
    expect(virtio({ net: { peer: echoPeer() }, block: { image: new Uint8Array(512) } })).toEqual([net, block]);
  });

  it('says dv-ext on cpu nodes exactly when the machine has it', () => {
    expect(at(tree({}), 'cpus/cpu@0').properties.has('dv-ext')).toBe(false);
    expect(text(at(tree({ machine: 'firesim' }), 'cpus/cpu@0'), 'dv-ext')).toBe('rocket\0');
  });

  it('carries kernel arguments, initrd and a seed that follows from the run', () => {
    const config = resolveConfig({});
    const initrd = { base: 0x8800_0000n, size: 0x123n };
    const read = (seed: number): FdtNode =>
      at(readFdt(generateDeviceTree(config, { bootargs: 'a=1 b', initrd, seed }), 'generated').root, 'chosen');
    expect(text(read(1), 'bootargs')).toBe('a=1 b\0');
    expect(cells(read(1), 'linux,initrd-start')).toEqual([0, 0x8800_0000]);
    expect(cells(read(1), 'linux,initrd-end')).toEqual([0, 0x8800_0123]);
    expect(read(1).properties.get('rng-seed')).toEqual(read(1).properties.get('rng-seed'));
    expect(read(1).properties.get('rng-seed')).not.toEqual(read(2).properties.get('rng-seed'));
    expect(read(1).properties.get('rng-seed')).toHaveLength(64);
  });

  it('patches /chosen of a given tree and leaves the rest alone', () => {
    const given = generateDeviceTree(resolveConfig({ harts: 3 }), { bootargs: 'old', seed: 1 });
    const patched = readFdt(patchDeviceTree(given, 'x.dtb', { bootargs: 'new', seed: 2 }), 'patched').root;
    expect(text(at(patched, 'chosen'), 'bootargs')).toBe('new\0');
    expect(at(patched, 'cpus').children).toHaveLength(3);
    const untouched = readFdt(patchDeviceTree(given, 'x.dtb', { seed: 2 }), 'patched').root;
    expect(text(at(untouched, 'chosen'), 'bootargs')).toBe('old\0');
    expect(() => patchDeviceTree(Uint8Array.of(1, 2), 'x.dtb', { seed: 1 })).toThrow(/^x\.dtb: found 2 bytes/);
  });
});
