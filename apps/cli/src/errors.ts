/** How a failure ends the command: one line for each thing wrong, and an exit code. */

export const exitCodes = { done: 0, failed: 1, badInput: 2, bug: 70, interrupted: 130 } as const;

/** A failure that the user can understand from one line. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: number = exitCodes.failed,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CommandError';
  }
}

/**
 * Told apart by name and code, not by class: the classes live in libraries that `exec` must not load.
 * Unknown errors are our bugs: the stack is what is needed to find them.
 */
export function explain(error: unknown): { code: number; lines: string[] } {
  if (!(error instanceof Error)) return { code: exitCodes.bug, lines: [String(error)] };
  if (error instanceof CommandError) return { code: error.exitCode, lines: oneLine(error.message) };
  const { code } = error as { code?: unknown };
  if (error.name === 'InputError') return { code: exitCodes.badInput, lines: error.message.split('\n') };
  if (error.name === 'ApiError') {
    const { status, problem } = error as unknown as { status: number; problem: { issues?: Issue[] } | null };
    const issues = problem?.issues ?? [];
    return {
      code: status < 500 ? exitCodes.badInput : exitCodes.failed,
      lines:
        issues.length > 0
          ? issues.map(
              ({ path, found, expected }) => `${path === '' ? '' : `${path}: `}found ${found}, expected ${expected}`,
            )
          : oneLine(`controller: ${error.message}`),
    };
  }
  if (code === 'UNREACHABLE') return { code: exitCodes.failed, lines: oneLine(error.message) };
  return { code: exitCodes.bug, lines: [error.stack ?? error.message] };
}

interface Issue {
  path: string;
  found: string;
  expected: string;
}

const oneLine = (text: string): string[] => [text.replace(/\s*\n\s*/g, ' ')];
