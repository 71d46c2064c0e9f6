/** The target software's built images (guest/prebuilt): which ones a run uses, by content. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isServiceName, type RunSpec } from '#libs/contracts';
import { poweroffImage, serviceImage } from './service-guests.js';

/** Gives an image's bytes by name (`firmware.elf`). Throws {@link ImageError} when it has none. */
export interface ImageStore {
  read(name: string): Uint8Array;
}

/** An image that is missing or not the one that a run was planned with. The message is one line. */
export class ImageError extends Error {
  readonly code = 'IMAGE';

  constructor(name: string, found: string, expected: string) {
    super(`image ${name}: found ${found}, expected ${expected}`);
    this.name = 'ImageError';
  }
}

/** What of a run decides which images it uses. */
export type SoftwareChoice = Pick<RunSpec, 'hypervisor' | 'workload'>;

/** Everything that decides what a run executes and what its probes see. */
export function imageNames({ hypervisor, workload }: SoftwareChoice): string[] {
  if (isServiceName(workload.name)) {
    const guest = ['vm.bin', serviceImage(workload.name), poweroffImage];
    return hypervisor === 'native' ? ['firmware.elf', ...guest] : ['firmware.elf', 'host.bin', 'vmm.elf', ...guest];
  }
  const guest = `guest-${workload.name}`;
  return ['firmware.elf', 'firmware.sym', 'host.bin', 'host.sym', 'vmm.elf', 'vmm.sym', `${guest}.elf`, `${guest}.sym`];
}

/** sha256 of every image that a run uses, as digests.json states them. */
export function imageDigests(spec: SoftwareChoice, directory = prebuiltDirectory()): Record<string, string> {
  const stated = statedDigests(directory);
  return Object.fromEntries(
    imageNames(spec).map((name) => {
      const digest = stated[name];
      if (digest === undefined)
        throw new ImageError(
          name,
          `no entry in ${join(directory, 'digests.json')}`,
          'its sha256; run "npm run images"',
        );
      return [name, digest];
    }),
  );
}

/** Images of a directory, each checked against the digest it must have. */
export class ImageDirectory implements ImageStore {
  constructor(
    private readonly digests: Readonly<Record<string, string>>,
    private readonly directory = prebuiltDirectory(),
  ) {}

  read(name: string): Uint8Array {
    const wanted = this.digests[name];
    if (wanted === undefined) throw new ImageError(name, 'no digest', `one of ${Object.keys(this.digests).join(', ')}`);
    const file = join(this.directory, name);
    if (!existsSync(file)) throw new ImageError(name, `no file ${file}`, 'the built image; run "npm run images"');
    const bytes = readFileSync(file);
    const digest = createHash('sha256').update(bytes).digest('hex');
    if (digest !== wanted) throw new ImageError(name, `sha256 ${digest} in ${file}`, `${wanted}`);
    return bytes;
  }
}

/** The prebuilt images that `spec` uses, checked against digests.json. */
export function prebuiltImages(spec: SoftwareChoice, directory = prebuiltDirectory()): ImageStore {
  return new ImageDirectory(imageDigests(spec, directory), directory);
}

/** `libs/duvisor/guest/prebuilt` of the checkout, from the sources as from dist/. */
export function prebuiltDirectory(): string {
  for (let at = dirname(fileURLToPath(import.meta.url)); ; at = dirname(at)) {
    const candidate = join(at, 'libs', 'duvisor', 'guest', 'prebuilt');
    if (existsSync(candidate)) return candidate;
    if (dirname(at) === at)
      throw new ImageError('digests.json', 'no libs/duvisor/guest/prebuilt', 'the checkout around this module');
  }
}

function statedDigests(directory: string): Record<string, string> {
  const file = join(directory, 'digests.json');
  if (!existsSync(file))
    throw new ImageError('digests.json', `no file ${file}`, 'the digests of the built images; run "npm run images"');
  return (JSON.parse(readFileSync(file, 'utf8')) as { files: Record<string, string> }).files;
}
