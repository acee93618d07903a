import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiTooManyRequestsResponse,
} from '@nestjs/swagger';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import {
  UsageQuerySubjects,
  type UsageRequestsQuery,
  type UsageSummary,
  type UsageSummaryQuery,
} from '#contracts/usage-queries';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { pageOf, type Page } from '../http/page';
import { CsvExport } from './csv-export';
import { usageFilter } from './usage-filter';
import { toSummaryDto, UsageSummaryDto } from './usage-summary.dto';
import { UsageExportQueryDto, UsageRequestsQueryDto, UsageRowDto, UsageSummaryQueryDto } from './usage.dto';

@ApiTags('Usage')
@Controller('api/usage')
@Authenticated()
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class UsageController {
  constructor(
    private readonly commands: Commands,
    private readonly csv: CsvExport,
  ) {}

  @Get('requests')
  @ApiOperation({ summary: 'My requests, newest first; for admins all' })
  @ApiOkResponse({ type: pageOf(UsageRowDto) })
  requests(@CurrentActor() actor: Actor, @Query() query: UsageRequestsQueryDto): Promise<Page<UsageRowDto>> {
    const wanted: UsageRequestsQuery = {
      ...usageFilter(actor, query),
      cursor: query.cursor ?? null,
      limit: query.limit,
    };
    return this.commands.send(UsageQuerySubjects.requests, wanted);
  }

  @Get('summary')
  @ApiOperation({ summary: 'Sums, error rate and percentiles of my requests; for admins of all' })
  @ApiOkResponse({ type: UsageSummaryDto })
  async summary(@CurrentActor() actor: Actor, @Query() query: UsageSummaryQueryDto): Promise<UsageSummaryDto> {
    const wanted: UsageSummaryQuery = { ...usageFilter(actor, query), groupBy: query.groupBy };
    return toSummaryDto(query.groupBy, await this.commands.send<UsageSummary>(UsageQuerySubjects.summary, wanted));
  }

  @Get('export.csv')
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'My requests as CSV, oldest first; for admins all',
    description:
      'RFC 4180 with a header row. A cell that a spreadsheet would calculate begins with an apostrophe. Requests that ' +
      'are admitted while the file is read are not in it. A file that cannot be completed ends with a broken connection.',
  })
  @ApiOkResponse({ content: { 'text/csv': { schema: { type: 'string' } } } })
  @ApiTooManyRequestsResponse({ description: 'Too many exports are running.', type: ErrorResponseDto })
  async export(@CurrentActor() actor: Actor, @Query() query: UsageExportQueryDto): Promise<StreamableFile> {
    const file = await this.csv.open(actor, usageFilter(actor, query), { bom: query.bom === 'true' });
    return new StreamableFile(file, {
      type: 'text/csv; charset=utf-8; header=present',
      disposition: 'attachment; filename="tandem-usage.csv"',
    });
  }
}
