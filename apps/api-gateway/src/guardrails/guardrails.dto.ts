import { ApiProperty } from '@nestjs/swagger';
import { GUARD_ACTIONS, type GuardAction, type GuardList, type GuardPolicy } from '#contracts/guardrails';

/** For the API document only: the contract's schema checks. */
export class GuardListDto implements GuardList {
  @ApiProperty({ example: 'Words of the house', minLength: 1, maxLength: 100 })
  name!: string;

  @ApiProperty({
    enum: ['words', 'patterns'],
    enumName: 'GuardListKind',
    description:
      'Words are found whatever their case, width, spacing or Hangul letters. Patterns are regular expressions (RE2) that ' +
      'have a longest match: `{1,40}` instead of `+`.',
  })
  kind!: 'words' | 'patterns';

  @ApiProperty({ enum: GUARD_ACTIONS, enumName: 'GuardAction', description: 'What happens to a text that holds one.' })
  action!: GuardAction;

  @ApiProperty({ enum: ['input', 'output', 'both'], enumName: 'GuardDirection' })
  on!: 'input' | 'output' | 'both';

  @ApiProperty({
    description: 'One a line; lines that begin with `#` say nothing.',
    example: 'project nightfall\n기밀',
  })
  text!: string;
}

export class InjectionPolicyDto {
  @ApiProperty({
    description: 'Texts known from attempts to take over the instructions are counted and audited. No promise.',
  })
  flag!: boolean;

  @ApiProperty({ description: 'The question is set apart from the system prompt, which is repeated behind it.' })
  repeatSystemPrompt!: boolean;
}

export class GuardPolicyDto implements GuardPolicy {
  @ApiProperty({ type: [GuardListDto] })
  lists!: GuardListDto[];

  @ApiProperty({ description: 'E-mail addresses, phone, resident and card numbers and IBANs in answers are masked.' })
  maskPiiInAnswers!: boolean;

  @ApiProperty({ type: InjectionPolicyDto })
  injection!: InjectionPolicyDto;
}

export class StoredGuardPolicyDto extends GuardPolicyDto {
  @ApiProperty({ description: '`deployment`, or the id of an API key.', example: 'deployment' })
  scope!: string;

  @ApiProperty({ format: 'date-time' })
  updatedAt!: string;
}

export class GuardPoliciesDto {
  @ApiProperty({ type: [StoredGuardPolicyDto] })
  items!: StoredGuardPolicyDto[];

  @ApiProperty({ type: String, nullable: true })
  nextCursor!: string | null;
}
