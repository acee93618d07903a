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
import { AuditLog, type AuditSubject } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { given } from '../http/given';
import { IdPipe } from '../http/id.pipe';
import { pageOf, PageQueryDto, type Page } from '../http/page';
import { CreatePromptDto, PromptDto, UpdatePromptDto } from './prompt.dto';
import { PromptsService } from './prompts.service';

const SHARED: PromptOwner = { kind: 'shared' };

/** What admins give everybody: prompts to choose from, and the default of those who have none of their own. */
@ApiTags('Prompts')
@Controller('api/shared-prompts')
@Roles('admin')
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class SharedPromptsController {
  constructor(
    private readonly prompts: PromptsService,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'The shared system prompts, newest first' })
  @ApiOkResponse({ type: pageOf(PromptDto) })
  list(@Query() query: PageQueryDto): Promise<Page<Prompt>> {
    return this.prompts.list(SHARED, query);
  }

  @Post()
  @ApiOperation({ summary: 'Share a system prompt with everybody' })
  @ApiCreatedResponse({ type: PromptDto })
  async create(@Body() body: CreatePromptDto, @CurrentActor() actor: Actor): Promise<Prompt> {
    const made = await this.prompts.create(SHARED, body);
    await this.audit.noteDone(actor, 'prompt.created', subject(made), { isDefault: made.isDefault });
    return made;
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a shared system prompt' })
  @ApiOkResponse({ type: PromptDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async update(
    @Param('id', IdPipe) id: string,
    @Body() body: UpdatePromptDto,
    @CurrentActor() actor: Actor,
  ): Promise<Prompt> {
    const changed = await this.prompts.update(SHARED, id, body);
    const fields = Object.keys(given(body));
    await this.audit.noteDone(actor, 'prompt.updated', subject(changed), { fields, isDefault: changed.isDefault });
    return changed;
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a shared system prompt' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async remove(@Param('id', IdPipe) id: string, @CurrentActor() actor: Actor): Promise<void> {
    await this.prompts.remove(SHARED, id);
    await this.audit.noteDone(actor, 'prompt.deleted', subject({ id, name: '' }));
  }
}

function subject({ id, name }: Pick<Prompt, 'id' | 'name'>): AuditSubject {
  return { kind: 'prompt', id, name };
}
