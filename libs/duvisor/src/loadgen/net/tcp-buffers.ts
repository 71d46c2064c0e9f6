/**
 * The two byte streams of a TCP connection. A position counts from the start of the stream and never wraps: 0 is the SYN,
 * 1 the first byte of data.
 */
import { concat } from './bytes.js';

/** What was handed over for sending and is not yet acknowledged. */
export class SendBuffer {
  private chunks: Uint8Array[] = [];
  /** Position of the first byte held. */
  private base = 1;
  private held = 0;

  /** Position behind the last byte. */
  get end(): number {
    return this.base + this.held;
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes);
    this.held += bytes.length;
  }

  /** Bytes [position, position + size), which must be held. */
  read(position: number, size: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = this.base;
    for (const chunk of this.chunks) {
      if (at >= position + size) break;
      const from = Math.max(position - at, 0);
      if (from < chunk.length) parts.push(chunk.subarray(from, Math.min(chunk.length, position + size - at)));
      at += chunk.length;
    }
    return concat(parts);
  }

  /** Forgets what precedes `position`. */
  release(position: number): void {
    for (let first = this.chunks[0]; first !== undefined && this.base < position; first = this.chunks[0]) {
      const drop = Math.min(first.length, position - this.base);
      if (drop === first.length) this.chunks.shift();
      else this.chunks[0] = first.subarray(drop);
      this.base += drop;
      this.held -= drop;
    }
  }
}

interface Fragment {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** What has arrived beyond a gap: fragments in order, disjoint. */
export class Reassembly {
  private fragments: Fragment[] = [];

  get empty(): boolean {
    return this.fragments.length === 0;
  }

  /** Keeps of `bytes` what no fragment has yet. */
  insert(position: number, bytes: Uint8Array): void {
    const kept: Fragment[] = [];
    let at = position;
    const end = position + bytes.length;
    const add = (until: number): void => {
      if (at < until) kept.push({ position: at, bytes: bytes.subarray(at - position, until - position) });
    };
    for (const fragment of this.fragments) {
      add(Math.min(end, fragment.position));
      kept.push(fragment);
      at = Math.max(at, fragment.position + fragment.bytes.length);
    }
    add(end);
    this.fragments = kept.sort((a, b) => a.position - b.position);
  }

  /** Removes and returns the bytes from `next` up to the first gap, empty for none. */
  take(next: number): Uint8Array {
    const parts: Uint8Array[] = [];
    let at = next;
    for (let first = this.fragments[0]; first !== undefined && first.position <= at; first = this.fragments[0]) {
      this.fragments.shift();
      const known = at - first.position;
      if (known >= first.bytes.length) continue;
      parts.push(first.bytes.subarray(known));
      at += first.bytes.length - known;
    }
    return concat(parts);
  }
}
