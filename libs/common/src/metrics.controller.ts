import { Controller, ForbiddenException, Get, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { register } from 'prom-client';

/** Prometheus metrics on the private port of a service: answered to private addresses only. */
@Controller('metrics')
export class MetricsController {
  @Get()
  async metrics(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    if (!isPrivateAddress(request.socket.remoteAddress)) throw new ForbiddenException();
    void reply.header('content-type', register.contentType);
    return register.metrics();
  }
}

/** Loopback, RFC 1918, RFC 4193 and link-local addresses, IPv4-mapped ones included. */
export function isPrivateAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  const ip = address.replace(/^::ffff:/, '');
  return (
    /^(127\.|10\.|192\.168\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.)/.test(ip) ||
    ip === '::1' ||
    /^f[cd]|^fe80:/i.test(ip)
  );
}
