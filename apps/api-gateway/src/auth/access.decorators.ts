import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiForbiddenResponse, ApiSecurity, ApiUnauthorizedResponse } from '@nestjs/swagger';
import type { Actor, Role } from '#contracts/access';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config';
import { ErrorResponseDto } from '../http/error.dto';

/** Who may call a route. A route that does not say is refused, and a spec fails for it. */
export type RouteAccess =
  | { kind: 'public' }
  | { kind: 'authenticated' }
  | { kind: 'signedIn' }
  | { kind: 'roles'; roles: readonly Role[] }
  | { kind: 'adminUnless'; open: (request: FastifyRequest, config: GatewayConfig) => boolean };

export const ROUTE_ACCESS = 'tandem:route-access';

type RouteDecorator = MethodDecorator & ClassDecorator;

const mark = (access: RouteAccess): RouteDecorator => SetMetadata(ROUTE_ACCESS, access);

const refusals = (): RouteDecorator =>
  applyDecorators(
    ApiUnauthorizedResponse({ description: 'Nobody, or nobody that Tandem knows.', type: ErrorResponseDto }),
    ApiForbiddenResponse({ description: 'Known, but not allowed to do this.', type: ErrorResponseDto }),
  );

/** Anybody. */
export const Public = (): RouteDecorator => mark({ kind: 'public' });

/** Whoever has an API key or an access token. */
export const Authenticated = (): RouteDecorator =>
  applyDecorators(mark({ kind: 'authenticated' }), ApiBearerAuth(), ApiSecurity('apiKey'), refusals());

/** People only: an API key, which lives in scripts and plugins, must not do this. */
export const SignedIn = (): RouteDecorator => applyDecorators(mark({ kind: 'signedIn' }), ApiBearerAuth(), refusals());

/** Whoever has one of these roles, by API key or access token. */
export const Roles = (...roles: Role[]): RouteDecorator =>
  applyDecorators(mark({ kind: 'roles', roles }), ApiBearerAuth(), ApiSecurity('apiKey'), refusals());

/** Anybody while `open` says so, else admins. */
export const AdminUnless = (open: (request: FastifyRequest, config: GatewayConfig) => boolean): RouteDecorator =>
  applyDecorators(mark({ kind: 'adminUnless', open }), ApiBearerAuth(), ApiSecurity('apiKey'), refusals());

/** The caller, in a route that is not public. */
export const CurrentActor = createParamDecorator((_data: unknown, context: ExecutionContext): Actor => {
  const { actor } = context.switchToHttp().getRequest<FastifyRequest>();
  if (actor === null) throw new Error('a public route asks for its caller');
  return actor;
});
