import { ApiProperty } from '@nestjs/swagger';
import type { AuditEntry } from '../database/audit-entry.entity';
import { Text } from '../http/fields';
import { PageQueryDto } from '../http/page';

export class AuditQueryDto extends PageQueryDto {
  @Text({ optional: true, max: 64, description: 'Id of who acted.' })
  actor?: string;

  @Text({ optional: true, max: 200, description: 'Id of what it was done to: a user, a key.' })
  subject?: string;

  @Text({ optional: true, max: 64, example: 'user.updated' })
  action?: string;
}

export class AuditEntryDto {
  @ApiProperty({ format: 'uuid' })
  id!: string;

  @ApiProperty()
  createdAt!: Date;

  @ApiProperty({ format: 'uuid' })
  actorId!: string;

  @ApiProperty()
  actorEmail!: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'Null: signed in with a password.' })
  actorKeyId!: string | null;

  @ApiProperty({ example: 'user.updated' })
  action!: string;

  @ApiProperty({ example: 'user' })
  subjectKind!: string;

  @ApiProperty()
  subjectId!: string;

  @ApiProperty({ description: 'The e-mail or name it had then.' })
  subjectName!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'What was set; never a secret.' })
  details!: Record<string, unknown>;
}

export function toAuditEntryDto(entry: AuditEntry): AuditEntryDto {
  const { id, createdAt, actorId, actorEmail, actorKeyId, action, subjectKind, subjectId, subjectName, details } =
    entry;
  return { id, createdAt, actorId, actorEmail, actorKeyId, action, subjectKind, subjectId, subjectName, details };
}
