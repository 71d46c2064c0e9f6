/**
 * Debian packages of another suite and architecture, through an apt configuration of our own: the system's apt, its
 * lists and what it has installed are neither read nor changed, but for the address of the mirror it uses.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LinuxImageError, type Command } from './command.js';

/** riscv64 is an architecture of this suite and later ones. */
const TARGET_SUITE = 'trixie';
/** The suite that has linux-source-6.1, a package for every architecture. */
const SOURCE_SUITE = 'bookworm';
const ARCHIVE_KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** A package that was fetched: unpacked into `root`. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly root: string;
}

/** The mirror of the Debian archive this computer's apt uses; $DVFARM_DEBIAN_MIRROR takes its place. */
export function debianMirror(command: Command, environment: NodeJS.ProcessEnv = process.env): string {
  const given = environment['DVFARM_DEBIAN_MIRROR'];
  if (given !== undefined) return given;
  const lines = command('apt-get', [
    'indextargets',
    '--format',
    '$(COMPONENT) $(RELEASE) $(REPO_URI)',
    'Created-By: Packages',
  ]);
  const suites = /^main (bookworm|trixie|forky|sid|oldoldstable|oldstable|stable|testing|unstable) (\S+)$/;
  const mirror = lines
    .split('\n')
    .map((line) => suites.exec(line)?.[2])
    .find((uri) => uri !== undefined);
  if (mirror === undefined)
    throw new LinuxImageError(
      "this computer's apt names no mirror of the Debian archive; say one in $DVFARM_DEBIAN_MIRROR (an address that has dists/)",
      2,
    );
  return mirror;
}

export class PackageStore {
  private readonly environment: Readonly<Record<string, string>>;

  /** Everything is kept in `folder`. */
  constructor(
    private readonly folder: string,
    private readonly command: Command,
    mirror: string,
  ) {
    const at = (...names: string[]): string => join(folder, ...names);
    for (const path of ['state/lists/partial', 'cache/archives/partial']) mkdirSync(at(path), { recursive: true });
    writeFileSync(at('state/status'), '');
    const stanza = (suite: string, architecture: string): string =>
      `Types: deb\nURIs: ${mirror}\nSuites: ${suite}\nComponents: main\nArchitectures: ${architecture}\nSigned-By: ${ARCHIVE_KEYS}\n`;
    writeFileSync(at('debian.sources'), [stanza(TARGET_SUITE, 'riscv64'), stanza(SOURCE_SUITE, 'amd64')].join('\n'));
    writeFileSync(
      at('apt.conf'),
      [
        `Dir::State "${at('state')}";`,
        `Dir::State::status "${at('state/status')}";`,
        `Dir::Cache "${at('cache')}";`,
        `Dir::Etc::sourcelist "${at('debian.sources')}";`,
        'Dir::Etc::sourceparts "-";',
        'APT::Architecture "riscv64";',
        'APT::Architectures { "riscv64"; "amd64"; };',
        'APT::Sandbox::User "root";',
        'Acquire::Languages "none";',
        '',
      ].join('\n'),
    );
    this.environment = { APT_CONFIG: at('apt.conf') };
  }

  /** Reads the lists of both suites. */
  update(): void {
    this.command('apt-get', ['update', '-qq'], { env: this.environment });
  }

  /** The package a package of no content of its own depends on: the kernel of today behind `linux-image-riscv64`. */
  dependency(name: string): string {
    const found = /^ {2}Depends: (\S+)$/m.exec(this.command('apt-cache', ['depends', name], { env: this.environment }));
    if (found?.[1] === undefined)
      throw new LinuxImageError(`package ${name}: depends on nothing, expected one package`, 1);
    return found[1];
  }

  /** The version apt would install. */
  version(name: string): string {
    const text = this.command('apt-cache', ['policy', name], { env: this.environment });
    const found = /Candidate: (\S+)/.exec(text);
    if (found?.[1] === undefined || found[1] === '(none)')
      throw new LinuxImageError(`package ${name}: not in suites ${TARGET_SUITE} and ${SOURCE_SUITE} of the mirror`, 1);
    return found[1];
  }

  /** Downloads a package, checked by apt, and unpacks it; not again when this version is there. */
  fetch(name: string): Package {
    const version = this.version(name);
    const root = join(this.folder, 'unpacked', `${name}_${version.replaceAll(':', '%')}`);
    const complete = `${root}.complete`;
    if (existsSync(complete)) return { name, version, root };
    const downloads = join(this.folder, 'downloads', name);
    for (const folder of [downloads, root]) {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
    }
    this.command('apt-get', ['download', '-qq', name], { cwd: downloads, env: this.environment });
    const [deb] = readdirSync(downloads);
    if (deb === undefined) throw new LinuxImageError(`apt-get download ${name}: left no file`, 1);
    this.command('dpkg-deb', ['-x', join(downloads, deb), root]);
    rmSync(downloads, { recursive: true });
    writeFileSync(complete, '');
    return { name, version, root };
  }
}
