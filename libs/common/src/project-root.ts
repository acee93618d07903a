import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The nearest folder above that holds package.json: the sources and the build lie at different depths. */
export function projectRoot(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    if (existsSync(join(at, 'package.json'))) return at;
    if (dirname(at) === at) return from;
  }
}
