import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBadRequestResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import {
  SwitchSubjects,
  type Switch,
  type SwitchAnswer,
  type SwitchCommand,
  type SwitchListQuery,
  type SwitchPage,
  type SwitchRef,
} from '#contracts/switching';
import { AuditLog, type AuditSubject } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { IdPipe } from '../http/id.pipe';
import { pageOf } from '../http/page';
import { SwitchAcceptedDto, SwitchDto, SwitchesQueryDto, SwitchRequestDto } from './switch.dto';

/** Changing the model. */
@ApiTags('Models')
@Controller('api/models')
@Roles('admin')
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class SwitchesController {
  constructor(
    private readonly commands: Commands,
    private readonly audit: AuditLog,
  ) {}

  @Post('switch')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Change the model',
    description:
      'Requests wait meanwhile and none is lost. When the new model does not come up, the old one comes back. Follow it ' +
      'at /api/models/switches/{id} or /api/models/events.',
  })
  @ApiAcceptedResponse({ type: SwitchAcceptedDto })
  @ApiNotFoundResponse({ description: 'There is no profile of that name.', type: ErrorResponseDto })
  @ApiConflictResponse({ description: 'Another switch runs; `switchId` is its id.', type: ErrorResponseDto })
  @ApiUnprocessableEntityResponse({
    description: 'It cannot fit on this host; `fit` says why, and what would.',
    type: ErrorResponseDto,
  })
  async begin(@Body() { profile }: SwitchRequestDto, @CurrentActor() actor: Actor): Promise<SwitchAcceptedDto> {
    const command: SwitchCommand = { profile, requestedBy: actor.userId };
    const answer = await this.commands.send<SwitchAnswer>(SwitchSubjects.begin, command);
    switch (answer.kind) {
      case 'accepted':
        await this.audit.noteDone(actor, 'model.switch_begun', subject(answer.switchId, profile));
        return { switchId: answer.switchId };
      case 'busy': {
        const { switchId } = answer;
        throw new CodedError('conflict', `Another switch is running: ${switchId}.`, { beside: { switchId } });
      }
      case 'does_not_fit':
        throw new CodedError('does_not_fit', answer.fit.reason, { param: 'profile', beside: { fit: answer.fit } });
    }
  }

  @Get('switches')
  @ApiOperation({ summary: 'Switches, newest first' })
  @ApiOkResponse({ type: pageOf(SwitchDto) })
  list(@Query() { cursor, limit }: SwitchesQueryDto): Promise<SwitchPage> {
    const query: SwitchListQuery = { cursor: cursor ?? null, limit };
    return this.commands.send(SwitchSubjects.list, query);
  }

  @Get('switches/:id')
  @ApiOperation({ summary: 'One switch' })
  @ApiOkResponse({ type: SwitchDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  get(@Param('id', IdPipe) id: string): Promise<Switch> {
    return this.commands.send(SwitchSubjects.get, { id } satisfies SwitchRef);
  }

  @Delete('switches/:id')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Cancel a switch that runs',
    description: 'The model that was in force before serves again; when the new one serves already, it stays.',
  })
  @ApiAcceptedResponse({ type: SwitchDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  @ApiConflictResponse({ description: 'It is over.', type: ErrorResponseDto })
  async cancel(@Param('id', IdPipe) id: string, @CurrentActor() actor: Actor): Promise<Switch> {
    const cancelled = await this.commands.send<Switch>(SwitchSubjects.cancel, { id } satisfies SwitchRef);
    await this.audit.noteDone(actor, 'model.switch_cancelled', subject(id, cancelled.to));
    return cancelled;
  }
}

function subject(id: string, profile: string): AuditSubject {
  return { kind: 'switch', id, name: profile };
}
