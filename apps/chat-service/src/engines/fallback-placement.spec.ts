import { CodedError } from '#contracts/errors';
import type { GenerateRequest } from '#contracts/generate';
import type { EngineState, ModelsState } from '#contracts/models';
import type { ModelsDirectory } from '#common/models-directory';
import type { Logger } from 'nestjs-pino';
import { loadChatConfig } from '../config';
import { generateRequest } from '../testing/generate-request';
import { EngineRouter } from './engine-router';
import { FallbackPlacement } from './fallback-placement';

const READY: EngineState = { kind: 'ready', url: 'http://127.0.0.1:8000', since: 0 };
const LOADING: EngineState = { kind: 'loading', phase: 'weights', percent: 40, startedAt: 0 };
const DRAINING: EngineState = { kind: 'draining' };
const RESTARTS: EngineState = { kind: 'failed', cause: 'exited', message: 'It is gone.', retryAt: 1 };
const GIVEN_UP: EngineState = { kind: 'failed', cause: 'exited', message: 'It is gone.', retryAt: null };

const CHAT = generateRequest();
const CODE: Partial<GenerateRequest> = {
  endpoint: '/api/v1/code/generate',
  code: { modelType: 'prompt', chunks: null, mayFallBack: true },
};

function stateOf(engine: EngineState | null): ModelsState | null {
  if (engine === null) return null;
  const models = [{ id: 'own', aliases: [], maxModelLen: null, created: 0 }];
  const engines = [
    {
      id: 'vllm-0',
      driver: 'simulator' as const,
      profile: 'own',
      state: engine,
      models,
      maxNumSeqs: 8,
      acceptsUnlistedModels: false,
    },
  ];
  return { revision: 1, profile: 'own', engines };
}

function placement(engine: EngineState | null, chat: string): { placed: FallbackPlacement; logged: unknown[] } {
  const logged: unknown[] = [];
  const logger = { log: (line: unknown) => logged.push(line) } as unknown as Logger;
  const variables = { FALLBACK_URL: 'http://127.0.0.1:9/v1', FALLBACK_MODEL: 'other', FALLBACK_CHAT: chat };
  const config = loadChatConfig({
    NATS_URL: 'nats://127.0.0.1:1',
    DATABASE_URL: 'postgres://127.0.0.1:1/x',
    ...variables,
  });
  const directory = { state: stateOf(engine) } as ModelsDirectory;
  return { placed: new FallbackPlacement(config, new EngineRouter(directory, config), logger), logged };
}

function isPlaced(engine: EngineState | null, over: Partial<GenerateRequest> = {}, chat = 'everybody'): boolean {
  const head = { ...CHAT, ...over };
  placement(engine, chat).placed.place(head);
  return head.servedBy !== undefined;
}

describe('another server', () => {
  it('is asked to chat only when no engine of this installation is there or on its way', () => {
    expect([READY, LOADING, DRAINING, RESTARTS, GIVEN_UP].map((state) => isPlaced(state))).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it('is not asked before anybody has said which engines there are', () => {
    expect(isPlaced(null)).toBe(false);
  });

  it('is asked for code also while an engine loads: an editor does not wait', () => {
    expect([READY, LOADING, GIVEN_UP].map((state) => isPlaced(state, CODE, 'nobody'))).toEqual([false, true, true]);
  });

  it('gets the chats of nobody, of admins or of everybody, as it is configured', () => {
    const admin: Partial<GenerateRequest> = { actor: { ...CHAT.actor, role: 'admin' } };
    const asked = (chat: string): boolean[] => [{}, admin].map((over) => isPlaced(GIVEN_UP, over, chat));
    expect(asked('nobody')).toEqual([false, false]);
    expect(asked('admins')).toEqual([false, true]);
    expect(asked('everybody')).toEqual([true, true]);
  });

  it.each<[string, Partial<GenerateRequest>]>([
    ['of a key that is limited to some models', { modelFixed: true }],
    ['of Tandem itself', { priority: 'background' }],
    ['for a completion, which few servers have', { endpoint: '/v1/completions' }],
  ])('is never asked for a request %s', (_, over) => {
    expect(isPlaced(GIVEN_UP, over)).toBe(false);
  });

  it('takes one that waited for an engine which will not come, once, and the log says so', () => {
    const { placed, logged } = placement(GIVEN_UP, 'everybody');
    const head = { ...CHAT };
    const gone = new CodedError('engine_unavailable', 'gone');
    expect(placed.placeRefused(head, new CodedError('queue_full', 'full'))).toBe(false);
    expect(placed.placeRefused(head, gone)).toBe(true);
    expect(placed.placeRefused(head, gone)).toBe(false);
    expect(logged).toEqual([
      { msg: 'another server is asked', request_id: 'req_1', why: expect.stringContaining('gone') as string },
    ]);
  });
});
