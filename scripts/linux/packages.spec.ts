import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LinuxImageError, needPrograms, type Command } from './command.js';
import { debianMirror, PackageStore } from './packages.js';

const MIRROR = 'http://mirror.invalid/debian/';

/** Stands for apt and dpkg: one package, whose version the test says. */
class FakeApt {
  version = '1:2.3-4';
  downloads = 0;

  readonly run: Command = (program, args, options = {}) => {
    const line = [program, ...args].join(' ');
    if (line.startsWith('apt-get indextargets'))
      return `main bookworm-updates http://other.invalid/\nmain bookworm ${MIRROR}\ncontrib bookworm ${MIRROR}\n`;
    if (line === 'apt-cache policy busybox-static') return `busybox-static:\n  Candidate: ${this.version}\n`;
    if (line === 'apt-cache policy nothing') return 'nothing:\n  Candidate: (none)\n';
    if (line === 'apt-cache depends linux-image-riscv64')
      return 'linux-image-riscv64\n  Depends: linux-image-6.12.1-riscv64\n';
    if (line.startsWith('apt-get download')) {
      this.downloads += 1;
      writeFileSync(join(options.cwd ?? '', 'file.deb'), this.version);
      return '';
    }
    if (program === 'dpkg-deb') {
      const [, deb = '', root = ''] = args;
      writeFileSync(join(root, 'content'), readFileSync(deb));
      return '';
    }
    throw new Error(`unexpected: ${line}`);
  };
}

const folder = (): string => mkdtempSync(join(tmpdir(), 'dvfarm-packages-'));

describe('packages of another suite and architecture', () => {
  it("the mirror is that of the Debian archive in this computer's apt, or the one that is said", () => {
    const apt = new FakeApt();
    expect(debianMirror(apt.run, {})).toBe(MIRROR);
    expect(debianMirror(apt.run, { DVFARM_DEBIAN_MIRROR: 'http://own.invalid/' })).toBe('http://own.invalid/');
    expect(() => debianMirror(() => 'main noble http://ubuntu.invalid/\n', {})).toThrow(/DVFARM_DEBIAN_MIRROR/);
  });

  it('a package is downloaded once for each version and unpacked whole', () => {
    const apt = new FakeApt();
    const at = folder();
    const fetched = new PackageStore(at, apt.run, MIRROR).fetch('busybox-static');
    expect(fetched.version).toBe('1:2.3-4');
    expect(readFileSync(join(fetched.root, 'content'), 'utf8')).toBe('1:2.3-4');
    expect(new PackageStore(at, apt.run, MIRROR).fetch('busybox-static')).toEqual(fetched);
    expect(apt.downloads).toBe(1);
    apt.version = '1:2.3-5';
    const next = new PackageStore(at, apt.run, MIRROR).fetch('busybox-static');
    expect(readFileSync(join(next.root, 'content'), 'utf8')).toBe('1:2.3-5');
  });

  it('a download that broke off is done again', () => {
    const apt = new FakeApt();
    const at = folder();
    const broken: Command = (program, args, options) => {
      if (program === 'dpkg-deb') throw new LinuxImageError('dpkg-deb: exit code 2, expected 0', 1);
      return apt.run(program, args, options);
    };
    expect(() => new PackageStore(at, broken, MIRROR).fetch('busybox-static')).toThrow(/dpkg-deb/);
    const { root } = new PackageStore(at, apt.run, MIRROR).fetch('busybox-static');
    expect(existsSync(join(root, 'content'))).toBe(true);
    expect(apt.downloads).toBe(2);
  });

  it("neither lists nor state of the system's apt are named in the configuration", () => {
    const at = folder();
    new PackageStore(at, new FakeApt().run, MIRROR);
    const paths = [...readFileSync(join(at, 'apt.conf'), 'utf8').matchAll(/"(\/[^"]*)"/g)].map(([, path]) => path);
    expect(paths.length).toBeGreaterThan(3);
    for (const path of paths) expect(path?.startsWith(at)).toBe(true);
  });

  it('names what a package depends on, and a package that is not there', () => {
    const store = new PackageStore(folder(), new FakeApt().run, MIRROR);
    expect(store.dependency('linux-image-riscv64')).toBe('linux-image-6.12.1-riscv64');
    expect(() => store.version('nothing')).toThrow(/package nothing: not in suites/);
  });
});

describe('programs that are needed', () => {
  const without =
    (...absent: string[]): Command =>
    (_, [, line = '']) => {
      if (absent.some((program) => line.endsWith(` ${program}`))) throw new LinuxImageError('exit code 1', 1);
      return '';
    };

  it('those missing are named together, with their packages', () => {
    expect(() => needPrograms(without())).not.toThrow();
    expect(() => needPrograms(without('xz', 'riscv64-linux-gnu-gcc'))).toThrow(
      'not found: riscv64-linux-gnu-gcc, xz. Needed: apt-get install gcc-riscv64-linux-gnu xz-utils',
    );
  });

  it('where there is no apt, says what else can be done', () => {
    expect(() => needPrograms(without('apt-get', 'flex'))).toThrow(/Debian system.*DVFARM_LINUX/);
  });
});
