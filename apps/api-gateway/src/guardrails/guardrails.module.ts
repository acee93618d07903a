import { Module } from '@nestjs/common';
import { FoundAudit } from './found-audit';
import { GuardrailsController } from './guardrails.controller';

@Module({ controllers: [GuardrailsController], providers: [FoundAudit] })
export class GuardrailsModule {}
