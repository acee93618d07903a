import { Controller } from '@nestjs/common';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { GuardrailSubjects, type PutGuardPolicy, type StoredGuardPolicy } from '#contracts/guardrails';
import { Guardrails } from './guardrails';

/** Commands about guardrails. */
@Controller()
export class GuardrailsController {
  constructor(private readonly guardrails: Guardrails) {}

  @MessagePattern(GuardrailSubjects.list)
  list(): StoredGuardPolicy[] {
    return this.guardrails.list();
  }

  @MessagePattern(GuardrailSubjects.put)
  put(@Payload() { scope, policy }: PutGuardPolicy): Promise<StoredGuardPolicy> {
    return this.guardrails.put(scope, policy);
  }

  @MessagePattern(GuardrailSubjects.remove)
  async remove(@Payload() { scope }: { scope: string }): Promise<Record<string, never>> {
    await this.guardrails.remove(scope);
    return {};
  }
}
