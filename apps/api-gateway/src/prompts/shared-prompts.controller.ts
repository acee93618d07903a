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
import type { Prompt, PromptOwner } from '#contracts/prompts';
import { Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
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
  constructor(private readonly prompts: PromptsService) {}

  @Get()
  @ApiOperation({ summary: 'The shared system prompts, newest first' })
  @ApiOkResponse({ type: pageOf(PromptDto) })
  list(@Query() query: PageQueryDto): Promise<Page<Prompt>> {
    return this.prompts.list(SHARED, query);
  }

  @Post()
  @ApiOperation({ summary: 'Share a system prompt with everybody' })
  @ApiCreatedResponse({ type: PromptDto })
  create(@Body() body: CreatePromptDto): Promise<Prompt> {
    return this.prompts.create(SHARED, body);
  }

  @Patch(':id')
  @ApiOperation({ summary: 'Change a shared system prompt' })
  @ApiOkResponse({ type: PromptDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  update(@Param('id', IdPipe) id: string, @Body() body: UpdatePromptDto): Promise<Prompt> {
    return this.prompts.update(SHARED, id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Delete a shared system prompt' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  remove(@Param('id', IdPipe) id: string): Promise<void> {
    return this.prompts.remove(SHARED, id);
  }
}
