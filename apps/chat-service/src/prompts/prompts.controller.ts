import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import {
  PromptSubjects,
  type CreatePrompt,
  type ListPrompts,
  type Prompt,
  type PromptPage,
  type PromptRef,
  type UpdatePrompt,
} from '#contracts/prompts';
import { z } from 'zod';
import { readCursor, writeCursor } from '../conversations/cursor';
import { PromptsRepository, type PromptPlace } from './prompts.repository';

const cursorSchema = z.tuple([z.int().min(0).max(8_640_000_000_000_000), z.uuid()]);

/** Commands about system prompts. */
@Controller()
export class PromptsController {
  constructor(private readonly prompts: PromptsRepository) {}

  @MessagePattern(PromptSubjects.list)
  async list(@Payload() { cursor, ...request }: ListPrompts): Promise<PromptPage> {
    const after = cursor === null ? null : placeOf(cursor);
    const rows = await this.prompts.page({ ...request, limit: request.limit + 1 }, after);
    const items = rows.slice(0, request.limit);
    const last = items.at(-1);
    return { items, nextCursor: rows.length > request.limit && last !== undefined ? cursorOf(last) : null };
  }

  @MessagePattern(PromptSubjects.create)
  create(@Payload() request: CreatePrompt): Promise<Prompt> {
    return this.prompts.create(request);
  }

  @MessagePattern(PromptSubjects.update)
  update(@Payload() request: UpdatePrompt): Promise<Prompt> {
    return this.prompts.update(request);
  }

  @MessagePattern(PromptSubjects.remove)
  async remove(@Payload() request: PromptRef): Promise<Record<string, never>> {
    await this.prompts.remove(request);
    return {};
  }
}

function cursorOf({ createdAt, id }: Prompt): string {
  return writeCursor(Date.parse(createdAt), id);
}

/** @throws CodedError `invalid_value` */
function placeOf(cursor: string): PromptPlace {
  const [createdAt, id] = readCursor(cursor, cursorSchema);
  return { createdAt, id };
}
