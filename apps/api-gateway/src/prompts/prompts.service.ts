import { Injectable } from '@nestjs/common';
import {
  PromptSubjects,
  type CreatePrompt,
  type ListPrompts,
  type Prompt,
  type PromptOwner,
  type PromptPage,
  type PromptRef,
  type UpdatePrompt,
} from '#contracts/prompts';
import { Commands } from '#common/commands';
import { given } from '../http/given';
import type { PageQueryDto } from '../http/page';
import type { CreatePromptDto, UpdatePromptDto } from './prompt.dto';

const DEFAULT_LIMIT = 50;

/** System prompts of one owner, as chat-service keeps them. */
@Injectable()
export class PromptsService {
  constructor(private readonly commands: Commands) {}

  list(owner: PromptOwner, { cursor, limit }: PageQueryDto): Promise<PromptPage> {
    const request: ListPrompts = {
      owner,
      withShared: owner.kind === 'user',
      cursor: cursor ?? null,
      limit: limit ?? DEFAULT_LIMIT,
    };
    return this.commands.send(PromptSubjects.list, request);
  }

  create(owner: PromptOwner, { name, text, isDefault = false }: CreatePromptDto): Promise<Prompt> {
    const request: CreatePrompt = { owner, name, text, isDefault };
    return this.commands.send(PromptSubjects.create, request);
  }

  update(owner: PromptOwner, id: string, change: UpdatePromptDto): Promise<Prompt> {
    const request: UpdatePrompt = { owner, id, ...given(change) };
    return this.commands.send(PromptSubjects.update, request);
  }

  async remove(owner: PromptOwner, id: string): Promise<void> {
    const request: PromptRef = { owner, id };
    await this.commands.send(PromptSubjects.remove, request);
  }
}
