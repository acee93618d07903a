import type { UsageEvent } from '#contracts/usage';

/** An event of a request as chat-service publishes it. */
export function usageEvent(kind: UsageEvent['kind'], requestId: string, outputTokens = 0): UsageEvent {
  const facts = {
    requestId,
    owner: 'chat-1',
    createdAt: 1_700_000_000_123,
    userId: 'u1',
    userEmail: 'a@example.com',
    keyId: null,
    endpoint: '/v1/chat/completions',
    model: 'm',
    profile: 'p',
    ctxLen: 8192,
    stream: true,
    choices: 1,
    engineLife: null,
  } as const;
  const counts = { inputTokens: 9, cachedTokens: 0, outputTokens, reasoningTokens: 0 };
  const times = { queueMs: 0, ttftMs: 12, latencyMs: 345 };
  switch (kind) {
    case 'started':
      return { kind, ...facts };
    case 'checkpoint':
      return { kind, ...facts, ...counts, ...times, countMethod: 'counted' };
    case 'finished':
      return {
        kind,
        ...facts,
        ...counts,
        countMethod: 'exact',
        ...times,
        statusCode: 200,
        outcome: 'completed',
        errorCode: null,
      };
  }
}
