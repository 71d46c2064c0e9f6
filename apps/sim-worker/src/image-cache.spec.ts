import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageCache } from './image-cache.js';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'images-'))));
afterEach(() => rmSync(directory, { recursive: true }));

describe('the image cache', () => {
  it('reads an image once and knows it by its digest afterwards', () => {
    writeFileSync(join(directory, 'a.elf'), 'one');
    const cache = new ImageCache(directory);
    const first = cache.storeFor({ 'a.elf': sha256('one') }).read('a.elf');
    rmSync(join(directory, 'a.elf'));
    expect(cache.storeFor({ 'a.elf': sha256('one') }).read('a.elf')).toBe(first);
  });

  it('does not give another image of the same name', () => {
    writeFileSync(join(directory, 'a.elf'), 'one');
    const cache = new ImageCache(directory);
    cache.storeFor({ 'a.elf': sha256('one') }).read('a.elf');
    expect(() => cache.storeFor({ 'a.elf': sha256('two') }).read('a.elf')).toThrow(/a\.elf: found sha256/);
  });

  it('refuses an image that the run does not name', () => {
    writeFileSync(join(directory, 'b.elf'), 'one');
    expect(() => new ImageCache(directory).storeFor({ 'a.elf': sha256('one') }).read('b.elf')).toThrow(/b\.elf/);
  });
});
