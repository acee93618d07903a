import { Controller, Get, Query } from '@nestjs/common';
import { ApiBadRequestResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import { UsageQuerySubjects, type UsageRequestsQuery } from '#contracts/usage-queries';
import { Authenticated, CurrentActor } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { pageOf, type Page } from '../http/page';
import { usageFilter } from './usage-filter';
import { UsageRequestsQueryDto, UsageRowDto } from './usage.dto';

@ApiTags('Usage')
@Controller('api/usage')
@Authenticated()
@ApiBadRequestResponse({ type: ErrorResponseDto })
export class UsageController {
  constructor(private readonly commands: Commands) {}

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
}
