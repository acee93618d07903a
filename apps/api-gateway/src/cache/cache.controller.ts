import { Controller, Delete, HttpCode } from '@nestjs/common';
import { ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { CacheSubjects } from '#contracts/cache';
import type { Actor } from '#contracts/access';
import { Commands } from '#common/commands';
import { AuditLog } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';

/** The cache of answers. */
@ApiTags('Guardrails')
@Controller('api/cache')
@Roles('admin')
export class CacheController {
  constructor(
    private readonly commands: Commands,
    private readonly audit: AuditLog,
  ) {}

  @Delete()
  @HttpCode(204)
  @ApiOperation({ summary: 'Forget all kept answers, in every chat-service' })
  @ApiNoContentResponse()
  async clear(@CurrentActor() actor: Actor): Promise<void> {
    await this.commands.send(CacheSubjects.clear, {});
    await this.audit.note(actor, 'cache.cleared', { kind: 'cache', id: 'responses', name: 'responses' });
  }
}
