import { resolveModel, type ModelsState } from '#contracts/models';
import type { GenerateRequest } from '#contracts/generate';
import type { RequestFacts } from '#contracts/usage';
import type { Route } from '../engines/engine-router';

/** What the ledger keeps of a request that goes to an engine. */
export function factsOf(head: GenerateRequest, { model }: Route): RequestFacts {
  return {
    ...headFacts(head),
    model: model.servedName,
    profile: model.engine.profile,
    ctxLen: model.maxModelLen,
    engineLife: model.engine.life ?? null,
  };
}

/** The same of one that waited and never got there: the model that it would have had, as far as that is known. */
export function unservedFacts(head: GenerateRequest, state: ModelsState | null): RequestFacts {
  const found = resolveModel(state, head.model);
  switch (found.kind) {
    case 'ready': {
      const [first] = found.candidates;
      const profile = first?.engine.profile ?? null;
      return {
        ...headFacts(head),
        model: first?.servedName ?? head.model,
        profile,
        ctxLen: first?.maxModelLen ?? null,
      };
    }
    case 'not_ready':
      return {
        ...headFacts(head),
        model: found.servedNames[0] ?? head.model,
        profile: found.engine.profile,
        ctxLen: null,
      };
    case 'unknown':
      return { ...headFacts(head), model: head.model, profile: null, ctxLen: null };
  }
}

function headFacts(head: GenerateRequest): Omit<RequestFacts, 'model' | 'profile' | 'ctxLen'> {
  return {
    requestId: head.requestId,
    createdAt: head.receivedAt,
    userId: head.actor.userId,
    userEmail: head.actor.email,
    keyId: head.actor.keyId,
    endpoint: head.endpoint,
    stream: head.streaming,
    choices: head.choicesPerPrompt ?? 1,
    engineLife: null,
  };
}
