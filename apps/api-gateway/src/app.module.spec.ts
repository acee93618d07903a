import 'reflect-metadata';
import { METHOD_METADATA } from '@nestjs/common/internal';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import { ROUTE_ACCESS } from './auth/access.decorators';
import { previewGateway } from './docs/preview-gateway';

type Handler = (...args: unknown[]) => unknown;

/** Every handler of every controller: `Controller.method` and where its declaration may stand. */
async function routes(): Promise<{ name: string; places: object[] }[]> {
  const app = await previewGateway();
  const scanner = new MetadataScanner();
  const controllers = [...app.get(ModulesContainer).values()].flatMap(({ controllers: of }) => [...of.values()]);
  const found = controllers.flatMap(({ metatype }) => {
    if (typeof metatype !== 'function') return [];
    const prototype = metatype.prototype as Record<string, Handler>;
    return scanner.getAllMethodNames(prototype).flatMap((method) => {
      const handler = prototype[method];
      if (handler === undefined || !Reflect.hasMetadata(METHOD_METADATA, handler)) return [];
      return [{ name: `${metatype.name}.${method}`, places: [handler, metatype] }];
    });
  });
  await app.close();
  return found;
}

it('every route of the gateway says who may call it', async () => {
  const all = await routes();
  const silent = all.filter(({ places }) => !places.some((place) => Reflect.hasMetadata(ROUTE_ACCESS, place)));
  expect(silent.map(({ name }) => name)).toEqual([]);
  expect(all.map(({ name }) => name)).toContain('UsersController.remove'); // the walk does find routes
});

it('only these routes are open to everybody', async () => {
  const all = await routes();
  const open = all.filter(({ places }) => {
    const access = places.map((place) => Reflect.getMetadata(ROUTE_ACCESS, place) as { kind: string } | undefined);
    return access.find((declared) => declared !== undefined)?.kind === 'public';
  });
  expect(open.map(({ name }) => name).sort()).toEqual([
    'AuthController.login',
    'AuthController.logout',
    'AuthController.refresh',
    'HealthController.live',
    'HealthController.ready',
    'WebController.asset',
    'WebController.file',
    'WebController.page',
  ]);
});
