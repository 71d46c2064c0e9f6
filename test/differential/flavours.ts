/** The kinds of random programs that the engines are compared on. */
import type { Flavour } from './random-program.js';

export const flavours: readonly Flavour[] = [
  { name: 'unprivileged', options: { isa: 'rv64gc' }, privileged: false, guests: false, dvext: false },
  { name: 'machine, supervisor, user', options: { isa: 'rv64gc' }, privileged: true, guests: false, dvext: false },
  { name: 'misaligned accesses trap', options: { misaligned: 'trap' }, privileged: true, guests: false, dvext: false },
  { name: 'guests', options: {}, privileged: true, guests: true, dvext: false },
  { name: 'dv-ext rocket', options: { dvext: 'rocket' }, privileged: true, guests: true, dvext: true },
  { name: 'dv-ext strict', options: { dvext: 'strict' }, privileged: true, guests: true, dvext: true },
  { name: 'firesim', options: { machine: 'firesim', timing: 'none' }, privileged: true, guests: true, dvext: true },
  { name: 'dv-ext qemu', options: { dvext: 'qemu' }, privileged: true, guests: true, dvext: true },
  { name: 'cycle model, unprivileged', options: { timing: 'rocket' }, privileged: false, guests: false, dvext: false },
  { name: 'cycle model, guests', options: { timing: 'rocket' }, privileged: true, guests: true, dvext: false },
  { name: 'cycle model, firesim', options: { machine: 'firesim' }, privileged: true, guests: true, dvext: true },
];
