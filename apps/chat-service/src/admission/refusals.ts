import { CodedError } from '#contracts/errors';
import { whyNotReady, type EngineRouter } from '../engines/engine-router';
import type { Effect } from './queue-state';

/** The model that was asked for. */
interface Wish {
  readonly model: string;
  readonly modelFixed: boolean;
}

/** What one who is not served is told. */
export function refusalError(
  { why, retryAfterS, waitedMs }: Extract<Effect, { kind: 'refuse' }>,
  applicant: Wish,
  waiting: number,
  router: EngineRouter,
): CodedError {
  const retry = retryAfterS === null ? {} : { retryAfterS };
  switch (why) {
    case 'full':
      return new CodedError('queue_full', `The queue is full: ${waiting} requests wait. Try again later.`, retry);
    case 'displaced': {
      const message = 'The queue is full, and others who have fewer requests in it go first. Try again later.';
      return new CodedError('queue_full', message, retry);
    }
    case 'deadline': {
      const message = `The request waited ${Math.round(waitedMs / 1_000)} seconds for its turn. ${reason(applicant, router)}`;
      return new CodedError('queue_deadline_exceeded', message, retry);
    }
    case 'never':
      return whyNever(applicant, router);
  }
}

function reason({ model, modelFixed }: Wish, router: EngineRouter): string {
  try {
    const found = router.resolve(model, modelFixed);
    return found.kind === 'ready' ? 'The engine is busy. Try again later.' : whyNotReady(found.engine);
  } catch (error) {
    if (error instanceof CodedError) return error.message;
    throw error;
  }
}

/** The engines changed while it waited, and none of them will serve it. */
function whyNever({ model, modelFixed }: Wish, router: EngineRouter): CodedError {
  try {
    router.resolve(model, modelFixed);
    return new CodedError('engine_unavailable', 'The engine is not available. Try again in a moment.');
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
}
