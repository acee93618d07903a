import { Body, Controller, Get, HttpCode, Post, Put, Req, Res } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import {
  hintModelsSchema,
  hintSettingsSchema,
  HintSubjects,
  type HintModels,
  type HintSettings,
} from '#contracts/hints';
import { Commands } from '#common/commands';
import { AuditLog } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { readBody } from '../http/read-body';
import { Generations } from '../streaming/generations';
import { hintCall } from './hint-request';
import { ApiHintTrial } from './hints.docs';
import { AskHintModelsDto, HintModelsDto, HintSettingsDto, PutHintSettingsDto } from './hints.dto';

/** `hint` is checked as the body of `POST /api/v1/hints` is. */
const trialSchema = z.strictObject({ settings: hintSettingsSchema, hint: z.unknown() });

/** Who gives hints. */
@ApiTags('Hints')
@Controller('api/hints')
@Roles('admin')
export class HintSettingsController {
  constructor(
    private readonly commands: Commands,
    private readonly audit: AuditLog,
    private readonly generations: Generations,
  ) {}

  @Get('settings')
  @ApiOperation({ summary: 'The settings in force, without the key' })
  @ApiOkResponse({ type: HintSettingsDto })
  settings(): Promise<HintSettings> {
    return this.commands.send<HintSettings>(HintSubjects.settings, {});
  }

  @Put('settings')
  @ApiOperation({
    summary: 'Set who gives hints',
    description: 'In force at once, in every chat-service, for every request that comes in after the answer.',
  })
  @ApiBody({ type: PutHintSettingsDto })
  @ApiOkResponse({ type: HintSettingsDto })
  @ApiBadRequestResponse({ description: 'A field is wrong; `param` names it.', type: ErrorResponseDto })
  async put(@Body() body: unknown, @CurrentActor() actor: Actor): Promise<HintSettings> {
    const given = readBody(hintSettingsSchema, body);
    const stored = await this.commands.send<HintSettings>(HintSubjects.put, given);
    const { mode, localWhenAway, model, api } = stored;
    await this.audit.note(
      actor,
      'hints.updated',
      { kind: 'settings', id: 'hints', name: 'hints' },
      { mode, localWhenAway, model, api, keyChanged: given.api?.key !== undefined },
    );
    return stored;
  }

  @Post('test')
  @HttpCode(200)
  @ApiHintTrial()
  async test(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { settings, hint } = readBody(trialSchema, body);
    if (request.access?.allowedModels != null)
      throw new CodedError('insufficient_permissions', 'A key for some models only may not try settings.');
    await this.generations.run(
      '/api/v1/hints',
      { ...hintCall(hint, false, true), hintTrial: settings },
      request,
      reply,
    );
  }

  @Post('models')
  @HttpCode(200)
  @ApiOperation({
    summary: 'The models of another server',
    description: 'Asks it now, with the key that is given, or the stored one where the URL is of the same server.',
  })
  @ApiBody({ type: AskHintModelsDto })
  @ApiOkResponse({ type: HintModelsDto })
  @ApiBadRequestResponse({ description: 'The URL may not be asked; the message says why.', type: ErrorResponseDto })
  @ApiServiceUnavailableResponse({ description: 'It does not answer, and why.', type: ErrorResponseDto })
  models(@Body() body: unknown): Promise<HintModels> {
    return this.commands.send<HintModels>(HintSubjects.models, readBody(hintModelsSchema, body));
  }
}
