import type { SyntaxNode, Tree } from '@lezer/common';
import type { Finding, Rule } from './finding';

/** Code with its syntax tree, as the rules look at it. */
export class CodeTree {
  private readonly byName = new Map<string, SyntaxNode[]>();
  private readonly lineStarts: number[] = [0];
  readonly findings: Finding[] = [];

  constructor(
    readonly text: string,
    tree: Tree,
  ) {
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.lineStarts.push(at + 1);
    tree.iterate({
      enter: ({ node, type }) => {
        const name = type.isError ? ERROR : type.name;
        const known = this.byName.get(name);
        if (known === undefined) this.byName.set(name, [node]);
        else known.push(node);
      },
    });
  }

  /** Nodes with one of these names. */
  all(...names: readonly string[]): SyntaxNode[] {
    return names.flatMap((name) => this.byName.get(name) ?? []);
  }

  textOf({ from, to }: { from: number; to: number }): string {
    return this.text.slice(from, to);
  }

  /** From 1. */
  lineAt(position: number): number {
    let low = 0;
    let high = this.lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.lineStarts[middle] ?? 0) <= position) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  lineText(line: number): string {
    return this.text.slice(this.lineStarts[line - 1] ?? 0, this.lineStarts[line] ?? this.text.length);
  }

  find(rule: Rule, { from }: { from: number }): void {
    this.findings.push({ rule, line: this.lineAt(from) });
  }
}

/** What the parser could not read. */
export const ERROR = '⚠';

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** Everything below a node, in order; nothing below what `within` says no to. */
export function* below(node: SyntaxNode, within: (node: SyntaxNode) => boolean = () => true): Generator<SyntaxNode> {
  const waiting = childrenOf(node).reverse();
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    yield next;
    if (within(next)) waiting.push(...childrenOf(next).reverse());
  }
}

export function some(nodes: Iterable<SyntaxNode>, test: (node: SyntaxNode) => boolean): boolean {
  for (const node of nodes) if (test(node)) return true;
  return false;
}

/** Statements that come after one that always leaves. */
export function* after(
  statements: readonly SyntaxNode[],
  leaves: (node: SyntaxNode) => boolean,
): Generator<SyntaxNode> {
  const at = statements.findIndex(leaves);
  const next = at === -1 ? undefined : statements[at + 1];
  if (next !== undefined) yield next;
}
