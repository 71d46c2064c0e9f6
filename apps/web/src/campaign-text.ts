/** A campaign as typed: checked with the same schema as the controller's, every mistake at its line. */
import { InputError, parseCampaign, type CampaignFile, type InputIssue } from '#libs/contracts';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';

export interface LocatedIssue extends InputIssue {
  /** From 1; null where the text has no such place. */
  readonly line: number | null;
}

export interface ReadText {
  /** As written, for submission; null while it is not even YAML. */
  readonly input: unknown;
  readonly file: CampaignFile | null;
  readonly issues: readonly LocatedIssue[];
  /** The same for what the controller finds: it knows the simulator's parameters too. */
  locate(issues: readonly InputIssue[]): LocatedIssue[];
}

export function readCampaignText(text: string): ReadText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const locate = (issues: readonly InputIssue[]): LocatedIssue[] =>
    issues.map((issue) => ({ ...issue, line: lineOf(document, lines, issue.at) }));
  const failed = (issues: readonly LocatedIssue[], input: unknown = null): ReadText => ({
    input,
    file: null,
    issues,
    locate,
  });
  const notYaml = (found: string, line: number | null): LocatedIssue => ({
    path: '',
    at: [],
    found,
    expected: 'YAML or JSON',
    line,
  });
  const broken = document.errors[0];
  if (broken !== undefined) return failed([notYaml(firstLine(broken.message), lines.linePos(broken.pos[0]).line)]);
  let input: unknown;
  try {
    input = document.toJS();
  } catch (error) {
    return failed([notYaml(firstLine(error instanceof Error ? error.message : String(error)), null)]);
  }
  try {
    return { input, file: parseCampaign(input).file, issues: [], locate };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return failed(locate(error.issues), input);
  }
}

/** Line of the deepest part of the path that exists: a missing key is reported where it should stand. */
function lineOf(document: Document, lines: LineCounter, at: readonly (string | number)[]): number | null {
  for (let depth = at.length; depth >= 0; depth -= 1) {
    const node = depth === 0 ? document.contents : document.getIn(at.slice(0, depth), true);
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return null;
}

const firstLine = (text: string): string => text.split('\n')[0]?.replace(/:$/, '') ?? text;

/** What the form begins with: small, and ends within seconds. */
export const exampleCampaign = `# Machines x hypervisors x workloads x seeds: every combination is one run.
name: my-campaign
description: DuVisor beside the KVM-like module on two primitives
machine: { preset: firesim }
hypervisor: [kvm, duvisor]
workload:
  - { name: [hypercall, mmio], iterations: 400, warmup: 50 }
seeds: 3
limits: { perRun: 5m }
`;
