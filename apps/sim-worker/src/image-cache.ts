/** Images by digest: each is read and checked once in the life of a thread, whatever runs it serves. */
import { ImageDirectory, type ImageStore } from '#libs/duvisor';

export class ImageCache {
  private readonly bytes = new Map<string, Uint8Array>();

  /** @param directory where images lie; by default the prebuilt ones of the checkout. */
  constructor(private readonly directory?: string) {}

  /** The images that a run must be executed with. Reading one that is missing or different throws ImageError. */
  storeFor(digests: Readonly<Record<string, string>>): ImageStore {
    const source =
      this.directory === undefined ? new ImageDirectory(digests) : new ImageDirectory(digests, this.directory);
    return {
      read: (name) => {
        const digest = digests[name] ?? '';
        const known = this.bytes.get(digest) ?? source.read(name);
        this.bytes.set(digest, known);
        return known;
      },
    };
  }
}
