/** The shape of a conversation: messages are a tree, and what is shown is one path through it. */
export interface TreeMessage {
  id: string;
  /** Null: the first message. */
  parentId: string | null;
}

/** A message of the shown path, and where it stands among the branches of its parent. */
export interface Step<M> {
  message: M;
  /** Ids of the messages with the same parent, oldest first; this one among them. */
  siblings: readonly string[];
  /** Its place among them, from 0. */
  branch: number;
}

/** The path from the first message to `leafId`; when that is null or unknown, along the newest branches. */
export function pathTo<M extends TreeMessage>(messages: readonly M[], leafId: string | null): Step<M>[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const children = childrenOf(messages);
  const chosen: M[] = [];
  for (let at = byId.get(leafId ?? newestLeaf(messages)?.id ?? ''); at !== undefined; at = byId.get(at.parentId ?? ''))
    chosen.push(at);
  chosen.reverse();
  return chosen.map((message) => {
    const siblings = (children.get(message.parentId) ?? []).map(({ id }) => id);
    return { message, siblings, branch: siblings.indexOf(message.id) };
  });
}

/** The newest end below a message: what is seen when its branch is opened. */
export function leafBelow(messages: readonly TreeMessage[], id: string): string {
  const children = childrenOf(messages);
  let leaf = id;
  for (let next = children.get(leaf)?.at(-1); next !== undefined; next = children.get(leaf)?.at(-1)) leaf = next.id;
  return leaf;
}

function childrenOf<M extends TreeMessage>(messages: readonly M[]): Map<string | null, M[]> {
  const children = new Map<string | null, M[]>();
  for (const message of messages) {
    const known = children.get(message.parentId);
    if (known === undefined) children.set(message.parentId, [message]);
    else known.push(message);
  }
  return children;
}

function newestLeaf<M extends TreeMessage>(messages: readonly M[]): M | undefined {
  return messages.at(-1);
}
