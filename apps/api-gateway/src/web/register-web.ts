import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';

/** Gives answers a `sendFile` for the built web UI; nothing where it is not built. Routes are the controller's. */
export async function registerWeb(server: FastifyInstance, folder: string | undefined): Promise<void> {
  const root = folder ?? builtUi(__dirname);
  if (root === null || !existsSync(join(root, 'index.html'))) return;
  await server.register(fastifyStatic, { root, serve: false, preCompressed: true });
}

/** dist/web of the project that this file, built or not, belongs to. */
function builtUi(from: string): string | null {
  for (let at = from; dirname(at) !== at; at = dirname(at))
    if (existsSync(join(at, 'package.json'))) return join(at, 'dist', 'web');
  return null;
}
