/** What is in the initial RAM disks. Not compressed: unpacking one costs 200 M instructions. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { writeCpio, type ArchiveFile } from '#libs/duvisor';
import { guestDeviceTree, guestLayout } from './guest-tree.js';

const folder = (path: string): ArchiveFile => ({ path, mode: 0o755 });
const program = (path: string, file: string): ArchiveFile => ({ path, mode: 0o755, data: readFileSync(file) });
const file = (path: string, data: Uint8Array | string): ArchiveFile => ({
  path,
  mode: 0o644,
  data: typeof data === 'string' ? new TextEncoder().encode(data) : data,
});

/** Files the archives are made of, by path. */
export interface Ingredients {
  /** images/linux of the checkout. */
  readonly scripts: string;
  readonly busybox: string;
}

/** Busybox, the mount points and `/init`. */
function base({ scripts, busybox }: Ingredients, init: string): ArchiveFile[] {
  return [
    ...['/bin', '/dev', '/proc', '/sys'].map(folder),
    program('/bin/busybox', busybox),
    program('/init', `${scripts}/init-${init}.sh`),
  ];
}

export function debianInitrd(from: Ingredients, kvmModule: string): Uint8Array {
  return writeCpio([
    ...base(from, 'debian'),
    file('/check.sh', readFileSync(`${from.scripts}/check-debian.sh`)),
    file('/kvm.ko', readFileSync(kvmModule)),
  ]);
}

/** The guest's: memcached with the libraries it loads, and its client. */
export function guestInitrd(from: Ingredients, memcached: readonly string[], client: string): Uint8Array {
  const [server = '', ...libraries] = memcached;
  return writeCpio([
    ...base(from, 'guest'),
    folder('/etc'),
    // Memcached looks its user up.
    file('/etc/passwd', 'root:x:0:0::/:/bin/sh\n'),
    folder('/lib'),
    program('/bin/memcached', server),
    program('/bin/memcached-pairs', client),
    ...libraries.map((library) => program(`/lib/${basename(library)}`, library)),
  ]);
}

/** The host's: with the KVM user helper and the guest it runs. */
export function hostInitrd(from: Ingredients, kvmRun: string, guestImage: string, guest: Uint8Array): Uint8Array {
  const hex = (address: bigint): string => address.toString(16);
  const { memoryMib, image, initrd, deviceTree } = guestLayout;
  const files = `/guest/Image@${hex(image)} /guest/initrd@${hex(initrd)} /guest/tree.dtb@${hex(deviceTree)}`;
  return writeCpio([
    ...base(from, 'host'),
    program('/bin/kvm-run', kvmRun),
    folder('/guest'),
    file('/guest/Image', readFileSync(guestImage)),
    file('/guest/initrd', guest),
    file('/guest/tree.dtb', guestDeviceTree('console=hvc0 quiet', guest.length)),
    file('/guest/run.sh', `exec /bin/kvm-run ${memoryMib} ${hex(image)} ${files}\n`),
  ]);
}
