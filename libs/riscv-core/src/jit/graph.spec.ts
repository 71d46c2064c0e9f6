import { describe, expect, test } from 'vitest';
import { buildGraph, type Graph } from './graph.js';

/** Edges as "1>2 1>3"; the entry is 1. */
function graphOf(edges: string): Graph {
  const successors = new Map<number, number[]>();
  for (const edge of edges.split(' ')) {
    const [from, to] = edge.split('>').map(Number);
    successors.set(from!, [...(successors.get(from!) ?? []), to!]);
  }
  return buildGraph(1, (node) => successors.get(node) ?? []);
}

describe('the control-flow graph of a region', () => {
  test('a node reached two ways is a merge below the node that decides', () => {
    const graph = graphOf('1>2 1>3 2>4 3>4 4>5');
    expect([...graph.isMerge]).toEqual([4]);
    expect(graph.merges.get(1)).toEqual([4]);
  });

  test('a loop contains what leads back to its header', () => {
    const graph = graphOf('1>2 2>3 3>4 4>2 4>5 3>6');
    expect([...graph.loops.keys()]).toEqual([2]);
    expect([...graph.loops.get(2)!].sort()).toEqual([2, 3, 4]);
  });

  test('the loop around a loop contains it', () => {
    const graph = graphOf('1>2 2>3 3>3 3>4 4>2');
    expect([...graph.loops.get(3)!]).toEqual([3]);
    expect([...graph.loops.get(2)!].sort()).toEqual([2, 3, 4]);
  });

  test('a jump into the middle of a loop is cut, the rest stays', () => {
    // 2 and 3 lead to each other and both are entered from 1.
    const graph = graphOf('1>2 1>3 2>3 3>2');
    const cut = [graph.isCut(2, 3), graph.isCut(3, 2)];
    expect(cut.filter(Boolean)).toHaveLength(1);
    expect(graph.isCut(1, 2) || graph.isCut(1, 3)).toBe(false);
    expect(graph.loops.size).toBe(0);
  });

  test('merges of one node come latest first', () => {
    const graph = graphOf('1>2 1>3 2>4 3>4 4>5 1>6 4>6');
    const merges = graph.merges.get(1)!;
    expect(merges).toEqual([6, 4]);
    expect(graph.place.get(6)!).toBeGreaterThan(graph.place.get(4)!);
  });
});
