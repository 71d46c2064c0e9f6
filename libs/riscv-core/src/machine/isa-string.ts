/** The ISA string of RISC-V ("Unprivileged ISA", ch. "ISA Extension Naming Conventions"): which extensions a machine has. */
import { ConfigError } from './config-error.js';

/** Extensions of more than one letter that a machine may have or not, in the order of the ISA string. */
export const namedExtensions = ['zba', 'zbb', 'zbs', 'sstc', 'svadu', 'svinval'] as const;
export type NamedExtension = (typeof namedExtensions)[number];

export interface IsaOptions {
  /** Hypervisor extension. */
  readonly h: boolean;
  /** Single-precision floating point. */
  readonly f: boolean;
  /** Double-precision floating point; has F with it. */
  readonly d: boolean;
  /** A list, for a snapshot holds it as JSON. */
  readonly named: readonly NamedExtension[];
}

/** Extensions that every machine has; a string without one of them names a machine that cannot be built. */
const always = ['i', 'm', 'a', 'c'];
/** Named and harmless: part of every machine, whether the string says so or not. */
const implied = ['s', 'u', 'zicsr', 'zifencei', 'zicntr', 'zihpm'];
const optional = ['f', 'd', 'h', 'b'];
const known: readonly string[] = [...always, ...implied, ...optional, ...namedExtensions];

/** Throws {@link ConfigError} on anything that is not an ISA string this simulator can build. */
export function parseIsa(text: string): IsaOptions {
  const where = '--isa';
  const match = /^rv(32|64|128)([a-z]*)((?:_[a-z0-9]+)*)$/i.exec(text.trim());
  if (match === null)
    throw new ConfigError(where, JSON.stringify(text), 'an ISA string such as rv64gch_zicsr_zifencei');
  if (match[1] !== '64') throw new ConfigError(where, `rv${match[1]}`, 'rv64');
  const names = [...splitLetters(match[2] ?? ''), ...(match[3] ?? '').toLowerCase().split('_')].filter(
    (name) => name !== '',
  );
  for (const name of names)
    if (!known.includes(name))
      throw new ConfigError(
        where,
        `extension "${name}"`,
        `extensions out of i m a f d c b h (g = imafd, b = zba_zbb_zbs) zicsr zifencei zicntr ${namedExtensions.join(' ')}`,
      );
  for (const name of always)
    if (!names.includes(name))
      throw new ConfigError(where, `${JSON.stringify(text)} without "${name}"`, 'at least rv64imac');
  const d = names.includes('d');
  const has = (name: NamedExtension): boolean => names.includes(name) || (name.startsWith('zb') && names.includes('b'));
  return { h: names.includes('h'), f: d || names.includes('f'), d, named: namedExtensions.filter(has) };
}

/** Single letters, and behind them at most one name of several: rv64gczba. */
function splitLetters(text: string): string[] {
  const match = /^([a-rt-y]*)([sz][a-z]+|s?)$/.exec(text.toLowerCase());
  if (match === null) return [text.toLowerCase()];
  return [...(match[1] ?? '').replace('g', 'imafd'), match[2] ?? ''];
}

/** As the device tree announces it: what exists, no more. `eventCounters`: mhpmcounter3 to 31 count something. */
export function isaString({ f, d, h, named }: IsaOptions, eventCounters: boolean): string {
  const letters = `rv64ima${f ? 'f' : ''}${d ? 'd' : ''}c${h ? 'h' : ''}`;
  return [letters, 'zicntr', 'zicsr', 'zifencei', ...(eventCounters ? ['zihpm'] : []), ...named].join('_');
}

/** misa: MXL = 2 and a bit per letter; DV-ext profile `qemu` announces itself by Z (dv-ext.md 1). */
export function misa(isa: IsaOptions, announceZ: boolean): bigint {
  const letters = ['a', 'c', 'i', 'm', 's', 'u'];
  for (const letter of ['d', 'f', 'h'] as const) if (isa[letter]) letters.push(letter);
  if (announceZ) letters.push('z');
  return letters.reduce((bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 97)), 2n << 62n);
}
