/** Where the Linux images are: outside the checkout, shared by checkouts. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** `$DVFARM_LINUX`, or `duvisor-farm/linux` in the user's cache folder. */
export function linuxFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const cache = environment['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return resolve(environment['DVFARM_LINUX'] ?? join(cache, 'duvisor-farm', 'linux'));
}

/** Files that `npm run images:linux` leaves in the folder. */
export const linuxFiles = {
  firmware: 'fw_jump.bin',
  debianImage: 'debian.Image',
  debianInitrd: 'debian.cpio',
  smallImage: 'small.Image',
  hostInitrd: 'host.cpio',
  manifest: 'images.json',
} as const;
