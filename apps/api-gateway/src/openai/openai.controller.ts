import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Authenticated } from '../auth/access.decorators';
import { Generations } from '../streaming/generations';
import { ApiChatCompletions, ApiCompletions, ApiModel, ApiModels } from './openai.docs';
import { ModelList, type OpenAiModel } from './model-list';
import { RequestChecker } from './generation-request';

/** OpenAI's API. */
@ApiTags('OpenAI')
@Controller('v1')
@Authenticated()
export class OpenAiController {
  constructor(
    private readonly generations: Generations,
    private readonly models: ModelList,
    private readonly checker: RequestChecker,
  ) {}

  @Post('chat/completions')
  @HttpCode(200)
  @ApiChatCompletions()
  async chatCompletions(
    @Body() body: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.generations.run('/v1/chat/completions', this.checker.checkChat(body), request, reply);
  }

  @Post('completions')
  @HttpCode(200)
  @ApiCompletions()
  async completions(@Body() body: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.generations.run('/v1/completions', this.checker.checkCompletion(body), request, reply);
  }

  @Get('models')
  @ApiModels()
  list(@Req() request: FastifyRequest): { object: 'list'; data: OpenAiModel[] } {
    return { object: 'list', data: this.models.list(request.access?.allowedModels ?? null) };
  }

  /** A model's name may hold slashes (`org/name`), encoded or not. */
  @Get('models/*')
  @ApiModel()
  get(@Param('*') name: string, @Req() request: FastifyRequest): OpenAiModel {
    return this.models.get(name, request.access?.allowedModels ?? null);
  }
}
