import { isObject } from './fields';

/** Keywords whose members describe the same value as the schema that holds them. */
const SAME_VALUE = ['allOf', 'anyOf', 'oneOf'] as const;

/**
 * True when a JSON schema refers to itself without a property or an item in between (`{"$ref": "#"}`): a grammar that is
 * left-recursive, so its compiler never gets to a first character. Recursion through properties and items is what trees do.
 */
export function hasEmptyCycle(root: unknown): boolean {
  const open = new Set<object>();
  const done = new Set<object>();
  const leadsToItself = (schema: unknown): boolean => {
    if (!isObject(schema) || done.has(schema)) return false;
    if (open.has(schema)) return true;
    open.add(schema);
    const found = sameValue(schema, root).some(leadsToItself);
    open.delete(schema);
    done.add(schema);
    return found;
  };
  const anywhere = (value: unknown): boolean =>
    Array.isArray(value)
      ? value.some(anywhere)
      : isObject(value) && (leadsToItself(value) || Object.values(value).some(anywhere));
  return anywhere(root);
}

function sameValue(schema: Record<string, unknown>, root: unknown): unknown[] {
  const target = typeof schema['$ref'] === 'string' ? resolve(schema['$ref'], root) : undefined;
  const members = SAME_VALUE.flatMap((keyword) => {
    const list = schema[keyword];
    return Array.isArray(list) ? (list as unknown[]) : [];
  });
  return [target, ...members];
}

/** A JSON pointer (RFC 6901) into the schema itself; anything else is undefined and left to the engine. */
function resolve(reference: string, root: unknown): unknown {
  if (!reference.startsWith('#')) return undefined;
  let at: unknown = root;
  for (const part of reference.slice(1).split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    if (Array.isArray(at)) at = (at as unknown[])[Number(key)];
    else if (isObject(at) && Object.hasOwn(at, key)) at = at[key];
    else return undefined;
  }
  return at;
}
