import type { GenerateRequest } from '#contracts/generate';
import type { EngineCall } from '../engines/http/engine-pool';
import type { ResponseHandler } from '../engines/http/engine-connection';
import type { EnginePath } from '../engines/engine-request';
import type { Route } from '../engines/engine-router';
import type { AnswerFrame } from './generation';

/** Sends a body to the engine that a request is on. */
export type AskEngine = (body: Uint8Array, handler: ResponseHandler) => EngineCall;

/** What goes to the engine, and what is our own about its answer. */
export interface PreparedTurn {
  body: Buffer;
  /** Where it goes; absent: as its endpoint says. */
  path?: EnginePath;
  frame: AnswerFrame;
  /** Talks with the engine itself, and gives the handler one answer; absent: `body` is sent. */
  exchange?: (route: Route, ask: AskEngine, handler: ResponseHandler) => EngineCall;
}

/** Its prompt is put together by us, when it is known which engine reads it. */
export function isPrepared({ chat, code, hint }: GenerateRequest): boolean {
  return chat !== undefined || code !== undefined || hint !== undefined;
}
