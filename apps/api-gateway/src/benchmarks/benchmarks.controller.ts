import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiConflictResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiServiceUnavailableResponse,
  ApiTags,
} from '@nestjs/swagger';
import { Commands } from '#common/commands';
import { AlertSubjects, type AlertList } from '#contracts/alerts';
import { BenchmarkSubjects, type BenchmarkList, type BenchmarkRun, type BenchmarkStarted } from '#contracts/benchmarks';
import type { Actor } from '#contracts/access';
import { AuditLog, type AuditSubject } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { AlertListDto } from './alerts.dto';
import {
  BenchmarkListDto,
  BenchmarkQueryDto,
  BenchmarkRunDto,
  BenchmarkStartDto,
  BenchmarkStartedDto,
} from './benchmarks.dto';

/** How fast the models are, and what went wrong with them; model-manager has the answers. */
@ApiTags('Models')
@Controller('api/models')
@Roles('admin')
export class BenchmarksController {
  constructor(
    private readonly commands: Commands,
    private readonly audit: AuditLog,
  ) {}

  @Post('benchmarks')
  @HttpCode(202)
  @ApiOperation({
    summary: 'Measures the profile in force',
    description: 'Answers at once; about a minute of work follows, which ends as soon as people want something.',
  })
  @ApiAcceptedResponse({ type: BenchmarkStartedDto })
  @ApiConflictResponse({
    description: 'Another one runs, or the profile is not the one in force.',
    type: ErrorResponseDto,
  })
  @ApiServiceUnavailableResponse({ description: 'The engines are not ready.', type: ErrorResponseDto })
  async start(@Body() { profile }: BenchmarkStartDto, @CurrentActor() actor: Actor): Promise<BenchmarkStarted> {
    const started = await this.commands.send<BenchmarkStarted>(BenchmarkSubjects.start, { profile });
    await this.audit.noteDone(actor, 'benchmark.started', subject(started.benchmarkId));
    return started;
  }

  @Get('benchmarks')
  @ApiOperation({ summary: 'The last benchmarks, newest first; each beside the one before it' })
  @ApiOkResponse({ type: BenchmarkListDto })
  list(@Query() { profile }: BenchmarkQueryDto): Promise<BenchmarkList> {
    return this.commands.send(BenchmarkSubjects.list, { profile });
  }

  @Get('benchmarks/:id')
  @ApiOperation({ summary: 'One benchmark; while it runs with what was measured so far' })
  @ApiOkResponse({ type: BenchmarkRunDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  get(@Param('id') id: string): Promise<BenchmarkRun> {
    return this.commands.send(BenchmarkSubjects.get, { id });
  }

  @Delete('benchmarks/:id')
  @ApiOperation({ summary: 'Ends a benchmark that runs' })
  @ApiOkResponse({ type: BenchmarkRunDto })
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  @ApiConflictResponse({ description: 'It is over.', type: ErrorResponseDto })
  async cancel(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<BenchmarkRun> {
    const run = await this.commands.send<BenchmarkRun>(BenchmarkSubjects.cancel, { id });
    await this.audit.noteDone(actor, 'benchmark.cancelled', subject(id));
    return run;
  }

  @Get('alerts')
  @ApiOperation({ summary: 'What an operator should look at: alerts that are on, and the last that were' })
  @ApiOkResponse({ type: AlertListDto })
  alerts(): Promise<AlertList> {
    return this.commands.send(AlertSubjects.list, {});
  }
}

function subject(id: string): AuditSubject {
  return { kind: 'benchmark', id, name: id };
}
