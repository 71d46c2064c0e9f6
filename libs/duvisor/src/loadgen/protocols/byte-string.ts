/**
 * Byte strings: JavaScript strings whose character codes are bytes (0..255). Keys, values and bodies of all protocols are byte
 * strings, so that they compare with === and serve as Map keys.
 */

/** Bytes of a byte string. */
export function toBytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Byte string of bytes. */
export function fromBytes(bytes: Uint8Array): string {
  let text = '';
  // In pieces: an argument list has a length limit.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** What arrived breaks the protocol: a bug of the peer, or of us. */
export class ProtocolError extends Error {
  readonly code = 'PROTOCOL';
}

/** Received and not yet consumed bytes of one connection. */
export class ByteQueue {
  private text = '';
  private at = 0;
  /** Where the bytes end that {@link take} last missed: before they are there, reading again is in vain. */
  private wanted = 0;

  push(segment: Uint8Array): void {
    this.text = this.text.slice(this.at) + fromBytes(segment);
    this.wanted -= this.at;
    this.at = 0;
  }

  get length(): number {
    return this.text.length - this.at;
  }

  /** False while bytes are missing that were asked for: a large value is looked at once, not with every segment. */
  get ready(): boolean {
    return this.text.length >= this.wanted;
  }

  /** The next line without its CRLF; undefined when it is not complete. @throws ProtocolError beyond `limit` bytes. */
  line(limit = 65_536): string | undefined {
    const end = this.text.indexOf('\r\n', this.at);
    if (end < 0 ? this.length > limit : end - this.at > limit)
      throw new ProtocolError(`line: found more than ${limit} bytes without an end`);
    if (end < 0) return undefined;
    const line = this.text.slice(this.at, end);
    this.at = end + 2;
    return line;
  }

  /** The next `count` bytes; undefined when fewer are there. */
  take(count: number): string | undefined {
    if (this.length < count) {
      this.wanted = this.at + count;
      return undefined;
    }
    const bytes = this.text.slice(this.at, this.at + count);
    this.at += count;
    return bytes;
  }

  /** A position to go back to when what was begun is not complete. */
  mark(): number {
    return this.at;
  }

  rewind(mark: number): void {
    this.at = mark;
  }
}
