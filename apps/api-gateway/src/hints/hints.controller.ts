import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodedError } from '#contracts/errors';
import { HintSubjects, type HintStatus } from '#contracts/hints';
import { Commands } from '#common/commands';
import { ModelsDirectory } from '#common/models-directory';
import { Authenticated } from '../auth/access.decorators';
import { Generations, type GenerationCall } from '../streaming/generations';
import { usableModel } from '../streaming/model-access';
import { hintCall } from './hint-request';
import { ApiHint, ApiHintHealth, ApiHintStream } from './hints.docs';
import type { HintHealthDto } from './hints.dto';

const ENDPOINT = '/api/v1/hints';

/** Hints for programming exercises. */
@ApiTags('Hints')
@Controller('api/v1/hints')
@Authenticated()
export class HintsController {
  constructor(
    private readonly generations: Generations,
    private readonly directory: ModelsDirectory,
    private readonly commands: Commands,
  ) {}

  @Post()
  @HttpCode(200)
  @ApiHint()
  async hint(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.run(hintCall(body, false, isAdmin(request)), request, reply);
  }

  @Post('stream')
  @HttpCode(200)
  @ApiHintStream()
  async stream(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.run(hintCall(body, true, isAdmin(request)), request, reply);
  }

  @Get('health')
  @ApiHintHealth()
  async health(): Promise<HintHealthDto> {
    const { mode, backend, model, reason } = await this.commands.send<HintStatus>(HintSubjects.status, {});
    if (backend === null) throw new CodedError('engine_unavailable', reason ?? 'Nobody gives hints.');
    return { status: reason === null ? 'ok' : 'degraded', mode, backend, model, reason };
  }

  private async run(call: GenerationCall, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const allowed = request.access?.allowedModels ?? null;
    const model = allowed === null ? call.model : await this.allowedModel(call, allowed);
    await this.generations.run(ENDPOINT, { ...call, model }, request, reply);
  }

  /** The model that an admin has set is one that the key may use, or there is no hint by it. */
  private async allowedModel(call: GenerationCall, allowed: readonly string[]): Promise<string> {
    const { wanted } = await this.commands.send<HintStatus>(HintSubjects.status, {});
    if (wanted === null) return call.model;
    const model = usableModel(this.directory.state, wanted, allowed);
    if (model !== null) return model;
    throw new CodedError('insufficient_permissions', 'This key may not use the model that gives hints.');
  }
}

function isAdmin({ actor }: FastifyRequest): boolean {
  return actor?.role === 'admin';
}
