/** The ISA string of RISC-V ("Unprivileged ISA", ch. "ISA Extension Naming Conventions"): which extensions a machine has. */
import { ConfigError } from './config-error.js';

export interface IsaOptions {
  /** Hypervisor extension. */
  readonly h: boolean;
  /** Single-precision floating point. */
  readonly f: boolean;
  /** Double-precision floating point; has F with it. */
  readonly d: boolean;
}

/** Extensions that every machine has; a string without one of them names a machine that cannot be built. */
const always = ['i', 'm', 'a', 'c'];
/** Named and harmless: part of every machine, whether the string says so or not. */
const implied = ['s', 'u', 'zicsr', 'zifencei', 'zicntr'];
const optional = ['f', 'd', 'h'];

/** Throws {@link ConfigError} on anything that is not an ISA string this simulator can build. */
export function parseIsa(text: string): IsaOptions {
  const where = '--isa';
  const match = /^rv(32|64|128)([a-z]*)((?:_[a-z0-9]+)*)$/i.exec(text.trim());
  if (match === null)
    throw new ConfigError(where, JSON.stringify(text), 'an ISA string such as rv64gch_zicsr_zifencei');
  if (match[1] !== '64') throw new ConfigError(where, `rv${match[1]}`, 'rv64');
  const letters = (match[2] ?? '').toLowerCase().replace('g', 'imafd');
  const names = [
    ...letters,
    ...(match[3] ?? '')
      .toLowerCase()
      .split('_')
      .filter((name) => name !== ''),
  ];
  for (const name of names)
    if (![...always, ...implied, ...optional].includes(name))
      throw new ConfigError(
        where,
        `extension "${name}"`,
        'extensions out of i m a f d c h (g = imafd) zicsr zifencei zicntr',
      );
  for (const name of always)
    if (!names.includes(name))
      throw new ConfigError(where, `${JSON.stringify(text)} without "${name}"`, 'at least rv64imac');
  const d = names.includes('d');
  return { h: names.includes('h'), f: d || names.includes('f'), d };
}

/** As the device tree announces it: what exists, no more. */
export function isaString(isa: IsaOptions): string {
  return `rv64ima${isa.f ? 'f' : ''}${isa.d ? 'd' : ''}c${isa.h ? 'h' : ''}_zicntr_zicsr_zifencei`;
}

/** misa: MXL = 2 and a bit per letter; DV-ext profile `qemu` announces itself by Z (dv-ext.md 1). */
export function misa(isa: IsaOptions, announceZ: boolean): bigint {
  const letters = ['a', 'c', 'i', 'm', 's', 'u'];
  for (const letter of ['d', 'f', 'h'] as const) if (isa[letter]) letters.push(letter);
  if (announceZ) letters.push('z');
  return letters.reduce((bits, letter) => bits | (1n << BigInt(letter.charCodeAt(0) - 97)), 2n << 62n);
}
