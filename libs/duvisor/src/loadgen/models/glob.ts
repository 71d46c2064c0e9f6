/** Redis' glob patterns (KEYS): `*`, `?`, `[a-c]`, `[^a]`, `\` before a character that stands for itself. */

/** Whether the whole of `text` fits `pattern`; both are byte strings. */
export function globMatches(pattern: string, text: string): boolean {
  return matches(pattern, 0, text, 0);
}

function matches(pattern: string, from: number, text: string, start: number): boolean {
  let [p, t] = [from, start];
  for (; p < pattern.length; p++) {
    const char = pattern[p]!;
    if (char === '*') {
      while (pattern[p + 1] === '*') p++;
      if (p + 1 === pattern.length) return true;
      for (; t < text.length; t++) if (matches(pattern, p + 1, text, t)) return true;
      return matches(pattern, p + 1, text, t);
    }
    if (t >= text.length) return false;
    if (char === '[') {
      const set = readSet(pattern, p + 1, text[t]!);
      if (!set.member) return false;
      p = set.end;
    } else if (char !== '?') {
      if (char === '\\' && p + 1 < pattern.length) p++;
      if (pattern[p] !== text[t]) return false;
    }
    t++;
  }
  return t === text.length;
}

/** Reads a set from behind its `[`. A set that is not closed ends with the pattern. */
function readSet(pattern: string, from: number, char: string): { member: boolean; end: number } {
  let at = from;
  const negated = pattern[at] === '^';
  if (negated) at++;
  let member = false;
  for (; ; at++) {
    const here = pattern[at];
    if (here === undefined) return { member: member !== negated, end: pattern.length - 1 };
    if (here === '\\' && at + 1 < pattern.length) {
      at++;
      if (pattern[at] === char) member = true;
    } else if (here === ']') {
      return { member: member !== negated, end: at };
    } else if (pattern[at + 1] === '-' && at + 2 < pattern.length) {
      const ends = [here, pattern[at + 2]!].sort();
      if (char >= ends[0]! && char <= ends[1]!) member = true;
      at += 2;
    } else if (here === char) {
      member = true;
    }
  }
}
