/**
 * The control-flow graph of a region in the form that structured code needs: reverse postorder, dominator tree, loops.
 * Method: Ramsey, "Beyond Relooper" (2022); dominators after Cooper, Harvey, Kennedy (2001).
 *
 * WebAssembly has no jump into the middle of a loop, so an edge against the order whose target does not dominate its source
 * (an irreducible graph) is cut: there the region is left.
 */
export interface Graph {
  /** Nodes in reverse postorder, the entry first. */
  readonly order: readonly number[];
  readonly place: ReadonlyMap<number, number>;
  /** Nodes that a node dominates immediately and that are reached by more than one forward edge: latest first. */
  readonly merges: ReadonlyMap<number, readonly number[]>;
  readonly isMerge: ReadonlySet<number>;
  /** By loop header: the nodes of its loop, itself included. */
  readonly loops: ReadonlyMap<number, ReadonlySet<number>>;
  readonly isCut: (from: number, to: number) => boolean;
}

export function buildGraph(entry: number, successors: (node: number) => readonly number[]): Graph {
  const cut = new Set<string>();
  const key = (from: number, to: number): string => `${from}>${to}`;
  const kept = (node: number): readonly number[] => successors(node).filter((to) => !cut.has(key(node, to)));
  for (;;) {
    const order = reversePostorder(entry, kept);
    const place = new Map(order.map((node, i) => [node, i]));
    const forward = new Map<number, number[]>(order.map((node) => [node, []]));
    const back: [number, number][] = [];
    for (const from of order) {
      for (const to of kept(from)) {
        if (place.get(to)! <= place.get(from)!) back.push([from, to]);
        else forward.get(to)!.push(from);
      }
    }
    const parent = dominators(order, place, forward);
    const dominates = (over: number, node: number): boolean => {
      for (let at: number | undefined = node; at !== undefined; at = parent.get(at)) if (at === over) return true;
      return false;
    };
    const irreducible = back.filter(([from, to]) => !dominates(to, from));
    if (irreducible.length > 0) {
      for (const [from, to] of irreducible) cut.add(key(from, to));
      continue;
    }
    const isMerge = new Set(order.filter((node) => forward.get(node)!.length > 1));
    const merges = new Map<number, number[]>(order.map((node) => [node, []]));
    for (const node of [...order].reverse()) if (isMerge.has(node)) merges.get(parent.get(node)!)!.push(node);
    return {
      order,
      place,
      merges,
      isMerge,
      loops: findLoops(back, forward),
      isCut: (from, to) => cut.has(key(from, to)),
    };
  }
}

function reversePostorder(entry: number, successors: (node: number) => readonly number[]): number[] {
  const seen = new Set([entry]);
  const done: number[] = [];
  const stack: { node: number; rest: number[] }[] = [{ node: entry, rest: [...successors(entry)] }];
  while (stack.length > 0) {
    const top = stack[stack.length - 1]!;
    const next = top.rest.shift();
    if (next === undefined) {
      done.push(top.node);
      stack.pop();
    } else if (!seen.has(next)) {
      seen.add(next);
      stack.push({ node: next, rest: [...successors(next)] });
    }
  }
  return done.reverse();
}

/** Immediate dominators. Back edges do not matter: their targets dominate, or the edge will be cut. */
function dominators(
  order: readonly number[],
  place: ReadonlyMap<number, number>,
  forward: ReadonlyMap<number, readonly number[]>,
): Map<number, number | undefined> {
  const parent = new Map<number, number | undefined>([[order[0]!, undefined]]);
  for (const node of order.slice(1)) {
    let common: number | undefined;
    for (const from of forward.get(node)!) {
      if (common === undefined) {
        common = from;
        continue;
      }
      let other = from;
      while (common !== other) {
        if (place.get(common)! > place.get(other)!) common = parent.get(common)!;
        else other = parent.get(other)!;
      }
    }
    parent.set(node, common);
  }
  return parent;
}

function findLoops(
  back: readonly (readonly [number, number])[],
  forward: ReadonlyMap<number, readonly number[]>,
): Map<number, Set<number>> {
  const loops = new Map<number, Set<number>>();
  // Inner loops' back edges are edges inside the outer loop too.
  const predecessors = new Map([...forward].map(([node, from]) => [node, [...from]]));
  for (const [from, to] of back) predecessors.get(to)!.push(from);
  for (const [from, header] of back) {
    const body = loops.get(header) ?? new Set([header]);
    const work = [from];
    for (let node = work.pop(); node !== undefined; node = work.pop()) {
      if (body.has(node)) continue;
      body.add(node);
      work.push(...predecessors.get(node)!);
    }
    loops.set(header, body);
  }
  return loops;
}
