/** Folded stacks as a picture: one bar per frame, as wide as its cycles, callers below. Complete SVG text, no script. */

interface Node {
  cycles: number;
  readonly children: Map<string, Node>;
}

const WIDTH = 1200;
const ROW = 18;
const LEAST_PIXELS = 0.3;
const CHARACTER = 7;

export function flameGraph(folded: string, title: string): string {
  const root: Node = { cycles: 0, children: new Map() };
  for (const line of folded.trimEnd().split('\n')) {
    const space = line.lastIndexOf(' ');
    if (space > 0) add(root, line.slice(0, space).split(';'), Number(line.slice(space + 1)));
  }
  const height = (depthOf(root) + 2) * ROW;
  const bars: string[] = [];
  draw(bars, root, 'all', 0, height - ROW, WIDTH / Math.max(root.cycles, 1), root.cycles);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="monospace" font-size="12"><text x="4" y="14">${escape(title)}</text>${bars.join('')}</svg>\n`;
}

function add(root: Node, frames: readonly string[], cycles: number): void {
  let node = root;
  node.cycles += cycles;
  for (const frame of frames) {
    let child = node.children.get(frame);
    if (child === undefined) node.children.set(frame, (child = { cycles: 0, children: new Map() }));
    child.cycles += cycles;
    node = child;
  }
}

function depthOf(node: Node): number {
  let depth = 0;
  for (const child of node.children.values()) depth = Math.max(depth, depthOf(child));
  return depth + 1;
}

function draw(out: string[], node: Node, name: string, x: number, y: number, scale: number, total: number): void {
  const width = node.cycles * scale;
  if (width < LEAST_PIXELS) return;
  const percent = ((100 * node.cycles) / Math.max(total, 1)).toFixed(2);
  const label = width > 4 * CHARACTER ? name.slice(0, Math.floor(width / CHARACTER)) : '';
  out.push(
    `<g><title>${escape(name)}: ${node.cycles} cycles, ${percent} %</title><rect x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${ROW - 1}" fill="${colour(name)}"/><text x="${(x + 2).toFixed(2)}" y="${y + 13}">${escape(label)}</text></g>`,
  );
  let at = x;
  for (const [child, below] of node.children) {
    draw(out, below, child, at, y - ROW, scale, total);
    at += below.cycles * scale;
  }
}

/** By the name, so that a function looks the same in two pictures. */
function colour(name: string): string {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (Math.imul(hash, 31) + name.charCodeAt(i)) >>> 0;
  return `hsl(${20 + (hash % 35)},80%,${62 + (hash % 13)}%)`;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
