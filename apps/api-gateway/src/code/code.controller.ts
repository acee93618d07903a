import { Body, Controller, Get, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CodeSubjects, type CodeStatus } from '#contracts/code';
import { CodedError } from '#contracts/errors';
import { Commands } from '#common/commands';
import { ModelsDirectory } from '#common/models-directory';
import { Authenticated } from '../auth/access.decorators';
import { Generations } from '../streaming/generations';
import { mayUseModel } from '../streaming/model-access';
import { ApiCodeGenerate, ApiCodeHealth, ApiCodeModels, ApiCodeStream } from './code.docs';
import type { CodeHealthDto, CodeModelsDto } from './code.dto';
import { CodeChecker, type CodeCaller } from './code-request';

const ENDPOINT = '/api/v1/code/generate';

/** The code assistant, for editors. */
@ApiTags('Code')
@Controller('api/v1/code')
@Authenticated()
export class CodeController {
  constructor(
    private readonly checker: CodeChecker,
    private readonly generations: Generations,
    private readonly directory: ModelsDirectory,
    private readonly commands: Commands,
  ) {}

  @Post('generate')
  @HttpCode(200)
  @ApiCodeGenerate()
  async generate(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.generations.run(ENDPOINT, this.checker.check(body, false, callerOf(request)), request, reply);
  }

  @Post('generate/stream')
  @HttpCode(200)
  @ApiCodeStream()
  async stream(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.generations.run(ENDPOINT, this.checker.check(body, true, callerOf(request)), request, reply);
  }

  @Get('models')
  @ApiCodeModels()
  async models(@Req() request: FastifyRequest): Promise<CodeModelsDto> {
    const { models, templates } = await this.commands.send<CodeStatus>(CodeSubjects.status, {});
    const allowed = request.access?.allowedModels ?? null;
    return {
      items: models.filter(({ id }) => mayUseModel(this.directory.state, id, allowed)),
      nextCursor: null,
      modelTypes: Object.entries(templates).map(([id, template]) => ({ id, template })),
    };
  }

  @Get('health')
  @ApiCodeHealth()
  async health(): Promise<CodeHealthDto> {
    const { backend, model, reason } = await this.commands.send<CodeStatus>(CodeSubjects.status, {});
    if (backend === null || model === null) throw new CodedError('engine_unavailable', reason ?? 'No engine is ready.');
    return { status: backend === 'vllm' ? 'ok' : 'degraded', backend, model, reason };
  }
}

/** A key that is limited to some models is given no other. */
function callerOf({ access }: FastifyRequest): CodeCaller {
  return { mayFallBack: (access?.allowedModels ?? null) === null, chunks: access?.codeChunks ?? null };
}
