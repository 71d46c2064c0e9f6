/** Framing of the GDB remote serial protocol: `$text#checksum`, with `+` and `-` as answers, and a lone 0x03 as interrupt. Text is Latin-1. */

export type Received = { readonly kind: 'packet'; readonly text: string } | { readonly kind: 'damaged' | 'interrupt' };

const MAX_PACKET = 1 << 17;
const INTERRUPT = '\x03';

export class PacketReader {
  private pending = '';

  /** What has become complete. */
  push(text: string): Received[] {
    this.pending += text;
    const found: Received[] = [];
    for (;;) {
      const start = this.first('$', INTERRUPT);
      if (start < 0) {
        this.pending = '';
        return found;
      }
      if (this.pending[start] === INTERRUPT) {
        this.pending = this.pending.slice(start + 1);
        found.push({ kind: 'interrupt' });
        continue;
      }
      const end = this.pending.indexOf('#', start);
      if (end < 0 || end + 2 >= this.pending.length) {
        this.pending = this.pending.slice(start, start + MAX_PACKET);
        return found;
      }
      const body = this.pending.slice(start + 1, end);
      const sum = parseInt(this.pending.slice(end + 1, end + 3), 16);
      found.push(sum === checksum(body) ? { kind: 'packet', text: unescape(body) } : { kind: 'damaged' });
      this.pending = this.pending.slice(end + 3);
    }
  }

  /** Where the first of some characters stands; -1 = nowhere. */
  private first(...characters: readonly string[]): number {
    const found = characters.map((one) => this.pending.indexOf(one)).filter((index) => index >= 0);
    return found.length === 0 ? -1 : Math.min(...found);
  }
}

export function packet(text: string): string {
  const body = text.replace(/[#$}*]/g, (character) => `}${String.fromCharCode(character.charCodeAt(0) ^ 0x20)}`);
  return `$${body}#${checksum(body).toString(16).padStart(2, '0')}`;
}

function unescape(body: string): string {
  return body.replace(/\}([\s\S])/g, (_, character: string) => String.fromCharCode(character.charCodeAt(0) ^ 0x20));
}

function checksum(body: string): number {
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum = (sum + body.charCodeAt(i)) & 0xff;
  return sum;
}
