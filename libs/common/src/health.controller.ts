import { Controller, Get, Res, VERSION_NEUTRAL } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Readiness } from './readiness';

/** Liveness and readiness of a service on its private port. The gateway has its own, documented ones. */
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  ready(@Res({ passthrough: true }) reply: FastifyReply): { status: 'ok' | 'error'; waitingFor: string[] } {
    const waitingFor = this.readiness.waitingFor();
    if (waitingFor.length > 0) void reply.status(503);
    return { status: waitingFor.length === 0 ? 'ok' : 'error', waitingFor };
  }
}
