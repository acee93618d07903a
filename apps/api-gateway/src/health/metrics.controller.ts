import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { isPrivateAddress } from '#common/metrics.controller';
import type { FastifyRequest } from 'fastify';
import { register } from 'prom-client';
import { AdminUnless } from '../auth/access.decorators';

@ApiTags('Health')
@Controller('metrics')
@SkipThrottle()
export class MetricsController {
  @Get()
  @AdminUnless(isDirectFromPrivateNetwork)
  @Header('content-type', register.contentType)
  @ApiOperation({ summary: 'Prometheus metrics', description: 'Open to private addresses, else for admins.' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' } })
  metrics(): Promise<string> {
    return register.metrics();
  }
}

/** A reverse proxy has a private address itself: what came through one is judged by its credentials. */
function isDirectFromPrivateNetwork(request: FastifyRequest): boolean {
  const { headers, socket } = request.raw;
  const forwarded = headers['x-forwarded-for'] ?? headers['forwarded'] ?? headers['x-real-ip'];
  return forwarded === undefined && isPrivateAddress(socket.remoteAddress);
}
