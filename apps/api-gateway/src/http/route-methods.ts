import type { FastifyInstance } from 'fastify';

/** Remembers every route, to tell "no such path" from "not with this method". */
export class RouteMethods {
  private readonly routes: { segments: string[]; methods: string[] }[] = [];

  /** Must be called before the routes are made. */
  watch(server: FastifyInstance): void {
    server.addHook('onRoute', (route) => {
      this.routes.push({ segments: route.url.split('/'), methods: [route.method].flat() });
    });
  }

  /** Methods that this path answers to, sorted; empty when there is no such path. */
  allowed(path: string): string[] {
    const asked = path.split('/');
    const found = this.routes.filter(({ segments }) => matches(segments, asked)).flatMap(({ methods }) => methods);
    return [...new Set(found)].sort();
  }
}

function matches(pattern: readonly string[], asked: readonly string[]): boolean {
  for (const [at, segment] of pattern.entries()) {
    if (segment === '*') return true;
    const given = asked[at];
    if (given === undefined || (segment.startsWith(':') ? given === '' : given !== segment)) return false;
  }
  return pattern.length === asked.length;
}
