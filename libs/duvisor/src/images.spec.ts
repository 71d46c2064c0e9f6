import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { imageDigests, ImageDirectory, imageNames, prebuiltImages } from './images.js';

const spec = { hypervisor: 'kvm', workload: { name: 'hypercall', params: { iterations: 1, warmup: 0 } } } as const;

describe('prebuilt images', () => {
  it('are what digests.json says', () => {
    const store = prebuiltImages(spec);
    for (const name of imageNames(spec)) expect(store.read(name).length).toBeGreaterThan(0);
  });
});

describe('an image directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'images-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('gives an image whose content has the digest', () => {
    writeFileSync(join(directory, 'a.elf'), 'text');
    const digest = createHash('sha256').update('text').digest('hex');
    expect([...new ImageDirectory({ 'a.elf': digest }, directory).read('a.elf')]).toEqual([...Buffer.from('text')]);
  });

  it('refuses an image that is missing, changed or not named', () => {
    writeFileSync(join(directory, 'a.elf'), 'text');
    const store = new ImageDirectory({ 'a.elf': '0'.repeat(64), 'b.elf': '0'.repeat(64) }, directory);
    expect(() => store.read('a.elf')).toThrow(/^image a\.elf: found sha256 [0-9a-f]{64} in .*, expected 0{64}$/);
    expect(() => store.read('b.elf')).toThrow(/^image b\.elf: found no file/);
    expect(() => store.read('c.elf')).toThrow(/^image c\.elf: found no digest, expected one of a\.elf, b\.elf$/);
  });

  it('without digests says what to run', () => {
    expect(() => imageDigests(spec, directory)).toThrow(/digests\.json.*npm run images/);
    writeFileSync(join(directory, 'digests.json'), '{"files":{}}');
    expect(() => imageDigests(spec, directory)).toThrow(/^image firmware\.elf: found no entry/);
  });
});
