import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** What is built or installed once and kept: the measuring program, peers. */
export const CACHE = join(ROOT, '.cache', 'bench');
/** Node 24, which everything of ours runs under. */
export const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node');
