import type { GenerateRequest } from '#contracts/generate';

/** A chat as the gateway sends it on, with what the test says of it. */
export function generateRequest(over: Partial<GenerateRequest> = {}): GenerateRequest {
  return {
    requestId: 'req_1',
    stream: 1,
    gatewayId: 'gw',
    actor: { userId: 'u', email: 'u@example.org', role: 'user', keyId: null },
    endpoint: '/v1/chat/completions',
    model: 'default',
    streaming: true,
    includeUsage: false,
    continuousUsage: false,
    choices: 1,
    receivedAt: 0,
    spentMs: 0,
    ...over,
  };
}
