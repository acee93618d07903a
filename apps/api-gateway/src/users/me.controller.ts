import { Body, Controller, Get, Patch, Req } from '@nestjs/common';
import { ApiBadRequestResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import type { FastifyRequest } from 'fastify';
import { Authenticated, CurrentActor, SignedIn } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { MeDto, toMeDto, UpdateMeDto } from './me.dto';
import { MeService } from './me.service';

@ApiTags('Me')
@Controller('api/me')
export class MeController {
  constructor(private readonly me: MeService) {}

  @Get()
  @Authenticated()
  @ApiOperation({ summary: 'Who I am' })
  @ApiOkResponse({ type: MeDto })
  async get(@CurrentActor() actor: Actor): Promise<MeDto> {
    return toMeDto(await this.me.get(actor));
  }

  @Patch()
  @SignedIn()
  @ApiOperation({
    summary: 'Change my settings or password',
    description: 'A new password needs the current one, and ends all sessions: sign in again.',
  })
  @ApiOkResponse({ type: MeDto })
  @ApiBadRequestResponse({ type: ErrorResponseDto })
  async update(
    @Body() body: UpdateMeDto,
    @CurrentActor() actor: Actor,
    @Req() request: FastifyRequest,
  ): Promise<MeDto> {
    return toMeDto(await this.me.update(actor, body, request.ip));
  }
}
