/**
 * The built images of the target software (libs/duvisor/guest/prebuilt).
 *
 *   node dist/scripts/images.js            build them and digests.json (the guest's Makefile)
 *   node dist/scripts/images.js --check    build a copy in a temporary folder and compare every byte; writes nothing
 *
 * Exit codes: 0 fine, 1 bytes differ or the build failed, 2 the compiler is missing or is another one than digests.json names.
 */
import { join } from 'node:path';
import { buildImages, checkImages, ImageBuildError } from './image-build.js';
import { packageRoot } from './package-root.js';

const guest = join(packageRoot(import.meta.url), 'libs/duvisor/guest');

try {
  if (process.argv.includes('--check')) console.log(`images: ${checkImages(guest)} files rebuilt to the same bytes`);
  else console.log(`images: ${buildImages(guest)} files in ${join(guest, 'prebuilt')}`);
} catch (error) {
  if (!(error instanceof ImageBuildError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
