import { describe, expect, it } from 'vitest';
import { help, parseExecArguments } from './options.js';

describe('dvfarm exec arguments', () => {
  it('take every option of the issue', () => {
    expect(
      parseExecArguments([
        'p.elf',
        '--load',
        'a@b.bin@0x80400000',
        '--load=c.bin@0x80500000',
        '--initrd',
        'i@0x81000000',
        '--dtb',
        't.dtb',
        '--entry',
        '0x80000004',
        '--append',
        '--quiet x=1',
        '--blk',
        'd',
        '--blk-out',
        'o',
        '--net',
        'echo',
        '--machine',
        'firesim',
        '--harts',
        '2',
        '--memory',
        '1G',
        '--isa',
        'rv64gch',
        '--misaligned',
        'trap',
        '--dvext',
        'strict',
        '--engine',
        'reference',
        '--timing',
        'rocket:a',
        '--set',
        'l2.hit=20',
        '--set',
        'a.b=true',
        '--set',
        'c=text',
        '--quantum',
        '5',
        '--seed',
        '6',
        '--max-instructions',
        '7',
        '--signature',
        's',
        '--uart',
        'u',
        '--json',
      ]),
    ).toEqual({
      elf: 'p.elf',
      load: [
        { file: 'a@b.bin', address: 0x8040_0000n },
        { file: 'c.bin', address: 0x8050_0000n },
      ],
      symbols: [],
      watch: [],
      initrd: { file: 'i', address: 0x8100_0000n },
      dtb: 't.dtb',
      entry: 0x8000_0004n,
      append: '--quiet x=1',
      blk: 'd',
      blkOut: 'o',
      net: 'echo',
      machine: {
        machine: 'firesim',
        harts: 2,
        memoryBytes: 2 ** 30,
        isa: 'rv64gch',
        misaligned: 'trap',
        dvext: 'strict',
        timing: 'rocket:a',
        set: { 'l2.hit': 20, 'a.b': true, c: 'text' },
        quantum: 5,
        seed: 6,
      },
      engine: 'reference',
      maxInstructions: 7,
      signature: 's',
      uart: 'u',
      json: true,
    });
  });

  it('leave what is not said to the presets', () => {
    expect(parseExecArguments(['p.elf', '--uart', 'stdio'])).toEqual({
      elf: 'p.elf',
      load: [],
      symbols: [],
      watch: [],
      net: 'none',
      machine: { set: {} },
      engine: 'jit',
      json: false,
    });
  });

  it.each([
    [[], /^arguments: found nothing to run, expected FILE\.elf or --load FILE@0xADDR$/],
    [['a', 'b'], /^arguments: found "a" "b", expected at most one FILE\.elf$/],
    [['a', '--frobnicate'], /^--frobnicate: found an unknown option/],
    [['a', '-x'], /^-x: found an unknown option/],
    [['a', '--memory'], /^--memory: found no value, expected one$/],
    [['a', '--memory', '5Q'], /^--memory: found "5Q", expected a size such as 512M$/],
    [['a', '--harts', 'two'], /^--harts: found "two", expected a whole number$/],
    [['a', '--harts', '1', '--harts', '2'], /^--harts: found the option twice/],
    [['a', '--load', 'x'], /^--load: found "x", expected FILE@0xADDR$/],
    [['a', '--load', 'x@y'], /^--load: found "y", expected an address/],
    [['a', '--engine', 'fast'], /^--engine: found "fast", expected one of interpreter, reference, jit$/],
    [['a', '--set', 'x'], /^--set: found "x", expected NAME=VALUE/],
    [['a', '--set', 'x=1', '--set', 'x=2'], /^--set: found x twice/],
    [['a', '--max-instructions', '0'], /^--max-instructions: found 0/],
    [['a', '--net', 'tap'], /^--net: found "tap", expected one of none, echo$/],
    [['a', '--blk-out', 'f'], /^--blk-out: found no block device, expected --blk FILE with it$/],
    [['a', '--resume', 's'], /^--resume s: found a with it, expected none: a snapshot brings/],
    [['--resume', 's', '--harts', '2'], /^--resume s: found --harts with it, expected none/],
    [['--resume', 's', '--blk', 'd'], /^--resume s: found --blk with it, expected none/],
    [['a', '--snapshot-out', 's@cycle=x'], /^--snapshot-out: found "x", expected a whole number$/],
    [['a', '--gdb', '70000'], /^--gdb: found 70000, expected a port from 0 to 65535$/],
    [['a', '--gdb', '0', '--commit-log', 'l'], /^--gdb: found --commit-log with it, expected none/],
    [['a', '--hash-every', '5'], /^--hash-every: found "5", expected N@FILE$/],
    [['a', '--json=1'], /^--json: found "1", expected no value$/],
  ])('%j is refused with one line', (args, message) => {
    expect(() => parseExecArguments(args)).toThrow(message);
  });

  it('resume a snapshot with what belongs to the run alone', () => {
    const args = [
      '--resume',
      's',
      '--engine',
      'jit',
      '--blk-out',
      'd',
      '--snapshot-out',
      't@1',
      '--max-instructions',
      '9',
    ];
    expect(parseExecArguments(args)).toMatchObject({
      resume: 's',
      engine: 'jit',
      blkOut: 'd',
      snapshotOut: { file: 't@1' },
      maxInstructions: 9,
    });
    expect(parseExecArguments(['a', '--snapshot-out', 's@instret=5'])).toMatchObject({
      snapshotOut: { file: 's', at: { unit: 'instret', value: 5 } },
    });
  });

  it('name what is watched', () => {
    const watch = (...texts: string[]) => parseExecArguments(['a', ...texts.flatMap((text) => ['--watch', text])]);
    expect(watch('0x80001000', 'count:4', 'a+0x8:r', 'b:16:rw')).toMatchObject({
      watch: [
        { place: '0x80001000', size: 8, kind: 'write' },
        { place: 'count', size: 4, kind: 'write' },
        { place: 'a+0x8', size: 8, kind: 'read' },
        { place: 'b', size: 16, kind: 'access' },
      ],
    });
    for (const text of ['', ':4', 'a:x', 'a:4:x', 'a:0', 'a:4:4:r'])
      expect(() => watch(text)).toThrow(/^--watch: found /);
  });

  it('help names every option', () => {
    expect(parseExecArguments(['--help'])).toBe('help');
    for (const option of [
      'load',
      'initrd',
      'dtb',
      'entry',
      'append',
      'blk',
      'blk-out',
      'net',
      'machine',
      'harts',
      'memory',
      'isa',
      'misaligned',
      'dvext',
      'engine',
      'timing',
      'set',
      'quantum',
      'seed',
      'max-instructions',
      'signature',
      'uart',
      'snapshot-out',
      'resume',
      'gdb',
      'commit-log',
      'profile',
      'watch',
      'symbols',
      'hash-every',
      'json',
    ])
      expect(help).toContain(`--${option}`);
  });
});
