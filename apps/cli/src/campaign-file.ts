/** Reads a campaign file. Every error names file, line, path, what was found and what was expected. */
import { readFileSync, statSync } from 'node:fs';
import { type Expansion, type CampaignFile, InputError, type InputIssue, parseCampaign } from '#libs/contracts';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';

/** Larger files are no campaigns. */
const longestFile = 1 << 20;

export interface ReadCampaign {
  /** As written, for submission. */
  readonly input: unknown;
  readonly file: CampaignFile;
  readonly expansion: Expansion;
}

/** @throws InputError with the line of every mistake. */
export function readCampaign(path: string): ReadCampaign {
  const text = readText(path);
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined)
    throw fileError(`${path}:${String(lines.linePos(broken.pos[0]).line)}`, [
      { path: '', at: [], found: firstLine(broken.message), expected: 'YAML or JSON' },
    ]);
  let input: unknown;
  try {
    input = document.toJS() as unknown;
  } catch (error) {
    const found = error instanceof Error ? firstLine(error.message) : String(error);
    throw fileError(path, [{ path: '', at: [], found, expected: 'YAML or JSON' }]);
  }
  try {
    return { input, ...parseCampaign(input, path) };
  } catch (error) {
    throw error instanceof InputError ? withLines(error, path, document, lines) : error;
  }
}

function readText(path: string): string {
  const wrong = (found: string): InputError =>
    fileError(path, [{ path: '', at: [], found, expected: 'a readable campaign file (YAML or JSON, 1 MiB at most)' }]);
  try {
    const { size } = statSync(path);
    if (size > longestFile) throw wrong(`${String(size)} bytes`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw wrong(
      code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a directory' : (code ?? 'an unreadable file'),
    );
  }
}

/** The same mistakes, each under `file:line`. */
function withLines(error: InputError, path: string, document: Document, lines: LineCounter): InputError {
  const located = error.issues.map((issue) => {
    const line = lineOf(document, lines, issue.at);
    return new InputError(line === null ? path : `${path}:${String(line)}`, [issue]);
  });
  const all = new InputError(path, error.issues);
  all.message = located.map(({ message }) => message).join('\n');
  return all;
}

/** Line of the deepest part of the path that exists: a missing key is reported where it should stand. */
function lineOf(document: Document, lines: LineCounter, at: readonly (string | number)[]): number | null {
  for (let depth = at.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return null;
}

function fileError(source: string, issues: InputIssue[]): InputError {
  return new InputError(source, issues);
}

const firstLine = (text: string): string => text.split('\n')[0]?.replace(/:$/, '') ?? text;
