import { basename } from 'node:path';
import { isNode, LineCounter, parseDocument, type Document } from 'yaml';
import { profileSchema, type Profile } from './profile';

/** Why a file is no profile, and on which line. */
export interface ProfileFault {
  line: number | null;
  reason: string;
}

export type ReadProfile = { kind: 'profile'; profile: Profile } | { kind: 'refused'; fault: ProfileFault };

/** Reads one file of the folder of profiles. Never throws: whatever is wrong becomes the fault. */
export function readProfile(file: string, text: string): ReadProfile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, maxAliasCount: 100 } as Parameters<
    typeof parseDocument
  >[1]);
  const [broken] = document.errors;
  if (broken !== undefined) return refuse(broken.linePos?.[0].line ?? null, firstLine(broken.message));
  const result = profileSchema.safeParse(toValue(document));
  if (!result.success) {
    const [issue] = result.error.issues;
    const path = issue?.path ?? [];
    const named = path.length === 0 ? '' : `${path.map(String).join('.')}: `;
    return refuse(lineOf(document, path, lines), `${named}${issue?.message ?? 'is no profile'}`);
  }
  const expected = basename(file).replace(/\.ya?ml$/, '');
  if (result.data.name !== expected)
    return refuse(lineOf(document, ['name'], lines), `name: must be "${expected}", as the file is called`);
  return { kind: 'profile', profile: result.data };
}

function toValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return error instanceof Error ? error.message : null; // aliases that multiply: no profile
  }
}

/** The line of the value at `path`, or of what is nearest to it. */
function lineOf(document: Document, path: readonly PropertyKey[], lines: LineCounter): number | null {
  for (let length = path.length; length >= 0; length -= 1) {
    const node: unknown = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range != null) return lines.linePos(node.range[0]).line;
  }
  return null;
}

const refuse = (line: number | null, reason: string): ReadProfile => ({ kind: 'refused', fault: { line, reason } });
const firstLine = (message: string): string => message.split('\n')[0] ?? message;
