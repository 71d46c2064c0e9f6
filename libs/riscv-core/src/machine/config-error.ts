/**
 * The user's mistake: an option, a file or a combination that cannot become a machine. The message is one line that
 * names where, what was found and what was expected.
 */
export class ConfigError extends Error {
  readonly code = 'BAD_INPUT';

  constructor(
    /** The option or file: `--memory`, `prog.elf`. */
    readonly where: string,
    readonly found: string,
    readonly expected: string,
  ) {
    super(`${where}: found ${found}, expected ${expected}`);
    this.name = 'ConfigError';
  }
}

/** `0x` and lower-case hexadecimal digits. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
