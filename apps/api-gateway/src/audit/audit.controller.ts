import { Controller, Get, Query } from '@nestjs/common';
import { ApiBadRequestResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { pageOf, type Page } from '../http/page';
import { AuditLog } from './audit-log';
import { AuditEntryDto, AuditQueryDto, toAuditEntryDto } from './audit.dto';

@ApiTags('Audit')
@Controller('api/audit')
@Roles('admin')
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class AuditController {
  constructor(private readonly audit: AuditLog) {}

  @Get()
  @ApiOperation({ summary: 'What admins did, newest first' })
  @ApiOkResponse({ type: pageOf(AuditEntryDto) })
  async list(@Query() query: AuditQueryDto): Promise<Page<AuditEntryDto>> {
    const { items, nextCursor } = await this.audit.list(query);
    return { items: items.map(toAuditEntryDto), nextCursor };
  }
}
