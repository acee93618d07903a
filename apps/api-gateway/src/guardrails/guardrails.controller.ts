import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiNoContentResponse,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { isUUID } from 'class-validator';
import { Commands } from '#common/commands';
import type { Actor } from '#contracts/access';
import { CodedError } from '#contracts/errors';
import {
  DEPLOYMENT_SCOPE,
  GuardrailSubjects,
  guardPolicySchema,
  type PutGuardPolicy,
  type StoredGuardPolicy,
} from '#contracts/guardrails';
import { AuditLog } from '../audit/audit-log';
import { CurrentActor, Roles } from '../auth/access.decorators';
import { ErrorResponseDto } from '../http/error.dto';
import { readBody } from '../http/read-body';
import { GuardPoliciesDto, GuardPolicyDto, StoredGuardPolicyDto } from './guardrails.dto';

/** What texts may not hold, for everybody and for single keys. */
@ApiTags('Guardrails')
@Controller('api/guardrails')
@Roles('admin')
export class GuardrailsController {
  constructor(
    private readonly commands: Commands,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @ApiOperation({ summary: 'All policies in force' })
  @ApiOkResponse({ type: GuardPoliciesDto })
  async list(): Promise<GuardPoliciesDto> {
    return { items: await this.commands.send<StoredGuardPolicy[]>(GuardrailSubjects.list, {}), nextCursor: null };
  }

  @Put(':scope')
  @ApiOperation({
    summary: 'Set the policy of a scope: `deployment`, or the id of an API key',
    description: 'It is in force at once, for every request that comes in after the answer. A key has both policies.',
  })
  @ApiBody({ type: GuardPolicyDto })
  @ApiOkResponse({ type: StoredGuardPolicyDto })
  @ApiBadRequestResponse({ description: 'A line of a list is wrong; the message names it.', type: ErrorResponseDto })
  async put(
    @Param('scope') scope: string,
    @Body() body: unknown,
    @CurrentActor() actor: Actor,
  ): Promise<StoredGuardPolicyDto> {
    const command: PutGuardPolicy = { scope: scopeOf(scope), policy: readBody(guardPolicySchema, body) };
    const stored = await this.commands.send<StoredGuardPolicy>(GuardrailSubjects.put, command);
    const lists = stored.lists.map(({ name, kind, action, on }) => ({ name, kind, action, on }));
    const { maskPiiInAnswers, injection } = stored;
    await this.audit.note(actor, 'guardrails.updated', subject(scope), { lists, maskPiiInAnswers, injection });
    return stored;
  }

  @Delete(':scope')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take the policy of a scope away' })
  @ApiNoContentResponse()
  @ApiNotFoundResponse({ type: ErrorResponseDto })
  async remove(@Param('scope') scope: string, @CurrentActor() actor: Actor): Promise<void> {
    await this.commands.send(GuardrailSubjects.remove, { scope: scopeOf(scope) });
    await this.audit.note(actor, 'guardrails.removed', subject(scope));
  }
}

function subject(scope: string): { kind: string; id: string; name: string } {
  return { kind: 'guardrails', id: scope, name: scope };
}

function scopeOf(scope: string): string {
  if (scope === DEPLOYMENT_SCOPE) return scope;
  if (isUUID(scope)) return scope.toLowerCase();
  throw new CodedError('not_found', 'A policy is for `deployment`, or for the id of an API key.');
}
