import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { Actor } from '#contracts/access';
import type { Prompt, PromptOwner } from '#contracts/prompts';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { IdPipe } from '../http/id.pipe';
import { pageOf, PageQueryDto, type Page } from '../http/page';
import { CreatePromptDto, PromptDto, UpdatePromptDto } from './prompt.dto';
import { PromptsService } from './prompts.service';

/** The library of system prompts: one's own, and to read those that admins share. */
@ApiTags('Prompts')
@Controller('api/prompts')
@Authenticated()
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class PromptsController {
  constructor(private readonly prompts: PromptsService) {}

  @Get()
  @ApiOperation({ summary: 'My system prompts and the shared ones, newest first' })
  @ApiOkResponse({ type: pageOf(PromptDto) })
  list(@CurrentActor() actor: Actor, @Query() query: PageQueryDto): Promise<Page<Prompt>> {
    return this.prompts.list(own(actor), query);
  }

  @Post()
  @ApiOperation({ summary: 'Keep a system prompt' })
  @ApiCreatedResponse({ type: PromptDto })
  create(@CurrentActor() actor: Actor, @Body() body: CreatePromptDto): Promise<Prompt> {
    return this.prompts.create(own(actor), body);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a system prompt of my own' })
  @ApiOkResponse({ type: PromptDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  update(
    @CurrentActor() actor: Actor,
    @Param('id', IdPipe) id: string,
    @Body() body: UpdatePromptDto,
  ): Promise<Prompt> {
    return this.prompts.update(own(actor), id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a system prompt of my own' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  remove(@CurrentActor() actor: Actor, @Param('id', IdPipe) id: string): Promise<void> {
    return this.prompts.remove(own(actor), id);
  }
}

function own({ userId }: Actor): PromptOwner {
  return { kind: 'user', userId };
}
