import { describe, expect, it } from 'vitest';
import { firstMissing } from './boots.js';

describe('the lines a console must have', () => {
  it('come in their order, with others between them', () => {
    const console = 'firmware\r\r\nkernel 6.1\r\n\r\nshell\n';
    expect(firstMissing(console, [/^firmware$/, /^kernel/, /^shell$/])).toBeUndefined();
    expect(firstMissing(console, [/^shell$/, /^kernel/])).toEqual(/^kernel/);
    expect(firstMissing(console, [/^firmware$/, /^firmware$/])).toEqual(/^firmware$/);
  });
});
