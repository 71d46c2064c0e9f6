import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCampaign } from './campaign-file.js';

const directory = mkdtempSync(join(tmpdir(), 'campaign file '));
afterAll(() => rmSync(directory, { recursive: true }));

function written(text: string): string {
  const file = join(directory, 'c.yaml');
  writeFileSync(file, text);
  return file;
}

const good = `name: sample
machine: { preset: firesim }
hypervisor: [kvm, duvisor]
workload:
  - { name: hypercall, iterations: 10 }
seeds: 2
`;

describe('a campaign file', () => {
  it('is read, checked and expanded', () => {
    const { expansion, input } = readCampaign(written(good));
    expect(expansion.runs).toHaveLength(4);
    expect(input).toMatchObject({ name: 'sample' });
  });

  it('may be JSON', () => {
    const file = written(
      JSON.stringify({ name: 'j', machine: { preset: 'virt' }, hypervisor: 'kvm', workload: { name: 'mmio' } }),
    );
    expect(readCampaign(file).expansion.runs).toHaveLength(1);
  });
});

describe('bad input is named with file, line, place, what was found and what was expected', () => {
  it.each([
    ['an unknown key', good.replace('seeds: 2', 'seed: 2'), /c\.yaml:\d+: .*seed.*expected/],
    ['a wrong type', good.replace('seeds: 2', 'seeds: many'), /c\.yaml:6: seeds: found "many", expected/],
    [
      'a wrong value deep inside',
      good.replace('iterations: 10', 'iterations: -3'),
      /c\.yaml:5: workload\[0\]\.iterations: found -3, expected/,
    ],
    ['an unknown name', good.replace('kvm,', 'xen,'), /c\.yaml:3: hypervisor\[0\]: found "xen", expected/],
    [
      'an impossible combination',
      good.replace('preset: firesim', 'preset: virt'),
      /c\.yaml:2: machine\.dvext: found "none" with hypervisor "duvisor", expected/,
    ],
    ['a missing key', good.replace('name: sample\n', ''), /c\.yaml:1: name: found nothing, expected/],
    ['a key for the second time', `${good}seeds: 3\n`, /c\.yaml:7: found .*expected YAML or JSON/],
    ['text that is not YAML', 'name: [\n', /c\.yaml:\d+: found .*expected YAML or JSON/],
    ['an empty file', '', /c\.yaml(:\d+)?: found .*expected/],
    ['a list', '- a\n- b\n', /c\.yaml(:1)?: found a list of 2, expected an object/],
  ])('%s', (_what, text, message) => {
    expect(() => readCampaign(written(text))).toThrow(message);
  });

  it('a missing file', () => {
    expect(() => readCampaign(join(directory, 'none.yaml'))).toThrow(
      /none\.yaml: found no such file, expected a readable/,
    );
  });

  it('a directory', () => {
    expect(() => readCampaign(directory)).toThrow(/found a directory, expected a readable/);
  });

  it('a file too large to be one', () => {
    expect(() => readCampaign(written(`# ${'x'.repeat(1 << 20)}`))).toThrow(/found 10485\d+ bytes, expected/);
  });

  it('an alias that explodes', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 12; i += 1)
      lines.push(
        `a${String(i)}: &a${String(i)} [${Array(10)
          .fill(`*a${String(i - 1)}`)
          .join(',')}]`,
      );
    expect(() => readCampaign(written(lines.join('\n')))).toThrow(/found .*alias.*expected YAML or JSON/i);
  });

  it('every mistake of a file, one line each', () => {
    const text = good.replace('kvm,', 'xen,').replace('iterations: 10', 'iterations: zero');
    expect(() => readCampaign(written(text))).toThrow(/hypervisor\[0\].*\n.*workload\[0\]/);
  });
});
