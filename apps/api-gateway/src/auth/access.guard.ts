import { Inject, Injectable, Logger, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { CodedError } from '#contracts/errors';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { AccessCache, type KnownKey } from './access-cache';
import { ROUTE_ACCESS, type RouteAccess } from './access.decorators';
import { maskKey, readCredentials } from './credentials';
import { JwtGuard } from './jwt.guard';
import type { RequestAccess } from './request-access';

const MISSING =
  "You didn't provide an API key. Send it as 'Authorization: Bearer YOUR_KEY' or as 'X-API-Key: YOUR_KEY'. " +
  'An admin of this Tandem can make one for you.';

/**
 * Global: finds out who calls, and whether this caller may call this route. A key that is in the cache costs one hash
 * and one lookup, without a promise.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  private readonly logger = new Logger(AccessGuard.name);
  private readonly declared = new Map<unknown, RouteAccess>();

  constructor(
    private readonly reflector: Reflector,
    private readonly cache: AccessCache,
    private readonly jwt: JwtGuard,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (context.getType() !== 'http') return true;
    const route = this.routeAccess(context);
    if (route.kind === 'public') return true;
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    if (route.kind === 'adminUnless' && route.open(request, this.config)) return true;
    const credentials = readCredentials(request.headers);
    switch (credentials.kind) {
      case 'key': {
        const found = this.cache.key(credentials.key);
        return found instanceof Promise
          ? found.then((key) => admit(request, checkKey(key, credentials.key), route))
          : admit(request, checkKey(found, credentials.key), route);
      }
      case 'jwt':
        return this.byToken(context, request, route);
      case 'none':
        throw new CodedError('invalid_api_key', MISSING);
      case 'conflict':
        throw new CodedError(
          'invalid_api_key',
          "The headers 'Authorization' and 'X-API-Key' hold different credentials. Send one of them.",
        );
      case 'unknownScheme':
        throw new CodedError('invalid_api_key', `The header 'Authorization' must be 'Bearer YOUR_KEY'.`);
      default:
        return credentials satisfies never;
    }
  }

  private async byToken(context: ExecutionContext, request: FastifyRequest, route: RouteAccess): Promise<boolean> {
    await this.jwt.canActivate(context);
    const { user } = request as FastifyRequest & { user: RequestAccess };
    return admit(request, user, route);
  }

  /** Read once per handler: reflection is slow. A handler without a declaration is refused to everybody. */
  private routeAccess(context: ExecutionContext): RouteAccess {
    const handler = context.getHandler();
    const known = this.declared.get(handler);
    if (known !== undefined) return known;
    const access = this.reflector.getAllAndOverride<RouteAccess | undefined>(ROUTE_ACCESS, [
      handler,
      context.getClass(),
    ]);
    if (access === undefined) {
      this.logger.error(`${context.getClass().name}.${handler.name} does not declare who may call it`);
      throw new CodedError('insufficient_permissions', 'Nobody may call this route.');
    }
    this.declared.set(handler, access);
    return access;
  }
}

/** @throws CodedError `invalid_api_key` */
function checkKey(found: KnownKey | null, secret: string): RequestAccess {
  if (found === null) throw new CodedError('invalid_api_key', `Incorrect API key provided: ${maskKey(secret)}.`);
  if (found.ownerDisabled) throw new CodedError('invalid_api_key', 'The account of this API key is disabled.');
  if (found.expiresAt !== null && found.expiresAt <= Date.now())
    throw new CodedError('invalid_api_key', `This API key has expired: ${maskKey(secret)}.`);
  return found.access;
}

/** @throws CodedError `insufficient_permissions` */
function admit(request: FastifyRequest, access: RequestAccess, route: RouteAccess): true {
  const { actor } = access;
  if (route.kind === 'signedIn' && actor.keyId !== null)
    throw new CodedError('insufficient_permissions', 'An API key may not do this. Sign in with e-mail and password.');
  if (route.kind === 'roles' && !route.roles.includes(actor.role))
    throw new CodedError('insufficient_permissions', `This needs the role ${route.roles.join(' or ')}.`);
  if (route.kind === 'adminUnless' && actor.role !== 'admin')
    throw new CodedError('insufficient_permissions', 'This needs the role admin.');
  request.actor = actor;
  request.access = access;
  return true;
}
