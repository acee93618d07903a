import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProperty, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import { Readiness } from '#common/readiness';
import type { FastifyReply } from 'fastify';
import { Public } from '../auth/access.decorators';

export class LiveDto {
  @ApiProperty({ enum: ['ok'] })
  status!: 'ok';
}

export class ReadyDto {
  @ApiProperty({ enum: ['ok', 'error'] })
  status!: 'ok' | 'error';

  @ApiProperty({
    type: [String],
    example: ['chat-service'],
    description: 'What is missing until requests can be served.',
  })
  waitingFor!: string[];
}

@ApiTags('Health')
@Controller('health')
@Public()
@SkipThrottle()
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('live')
  @ApiOperation({ summary: 'The process lives' })
  @ApiOkResponse({ type: LiveDto })
  live(): LiveDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @ApiOperation({ summary: 'Requests can be served' })
  @ApiOkResponse({ type: ReadyDto })
  @ApiServiceUnavailableResponse({ type: ReadyDto, description: 'Not yet, or not any more: `waitingFor` says why.' })
  ready(@Res({ passthrough: true }) reply: FastifyReply): ReadyDto {
    const waitingFor = this.readiness.waitingFor();
    if (waitingFor.length > 0) void reply.status(503);
    return { status: waitingFor.length === 0 ? 'ok' : 'error', waitingFor };
  }
}
