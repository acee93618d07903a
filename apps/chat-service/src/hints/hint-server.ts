import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Inject } from '@nestjs/common';
import { z } from 'zod';
import { CodedError } from '#contracts/errors';
import type { AskHintModels, HintModels } from '#contracts/hints';
import { CHAT_CONFIG, type ChatConfig } from '../config';
import { HINTS_API_ENGINE } from '../engines/fallback';
import { EngineRouter } from '../engines/engine-router';
import { authorization } from '../engines/http/authorization';
import { EnginePool } from '../engines/http/engine-pool';
import { apiAddress } from './api-address';
import { HintSettingsStore } from './hint-settings';

const ANSWER_LIMIT_MS = 5_000;
const LOOK_AGAIN_MS = 30_000;
/** A list of models is some kilobytes. */
const MOST_BYTES = 2 * 1024 * 1024;
const MOST_MODELS = 500;

const listSchema = z.object({ data: z.array(z.object({ id: z.string().min(1).max(256) })) });

/** The other server for hints: whether it answers, and which models it has. It is never asked for more than that here. */
@Injectable()
export class HintServer implements OnModuleInit, OnApplicationShutdown {
  /** Why it would not give a hint, as it was seen last; null: nothing is known against it. */
  problem: string | null = null;
  private timer: NodeJS.Timeout | undefined;
  private looks = 0;

  constructor(
    @Inject(CHAT_CONFIG) private readonly config: ChatConfig,
    private readonly router: EngineRouter,
    private readonly settings: HintSettingsStore,
  ) {}

  onModuleInit(): void {
    this.settings.onChange(() => void this.look());
  }

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    this.looks = -1;
  }

  /** @throws CodedError `invalid_value` for a URL that may not be asked, `engine_unavailable` with what is wrong. */
  async models({ url, key }: AskHintModels): Promise<HintModels> {
    const address = apiAddress(url, this.config.hintApiAllowedHosts);
    const apiKey = key === undefined ? this.settings.keyFor(address.url) : key;
    const pool = new EnginePool(address.url, apiKey, address.lookup);
    try {
      return { models: await modelsOf(pool) };
    } finally {
      pool.close();
    }
  }

  /** A connection to it broke: it counts as away until it has answered again. */
  doubt(): void {
    this.problem = 'The server cannot be reached.';
    void this.look();
  }

  /** Again and again while it is the one to ask. */
  private async look(): Promise<void> {
    clearTimeout(this.timer);
    if (this.looks === -1) return;
    this.looks += 1;
    const look = this.looks;
    const standIn = this.settings.mode === 'api' ? this.router.standIn(HINTS_API_ENGINE) : null;
    const problem = standIn === null ? null : await problemOf(this.router.open(standIn.model).pool);
    if (look !== this.looks) return;
    this.problem = problem;
    if (standIn !== null) this.timer = setTimeout(() => void this.look(), LOOK_AGAIN_MS).unref();
  }
}

async function problemOf(pool: EnginePool): Promise<string | null> {
  try {
    await modelsOf(pool);
    return null;
  } catch (error) {
    // One that has no list may answer all the same.
    if (error instanceof NoList) return null;
    return error instanceof Error ? error.message : String(error);
  }
}

class NoList extends CodedError {
  constructor(why: string) {
    super('engine_unavailable', `The server has no list of models: ${why}.`);
  }
}

async function modelsOf(pool: EnginePool): Promise<string[]> {
  const { status, body } = await get(pool, '/v1/models');
  if (status === 401 || status === 403)
    throw new CodedError('engine_unavailable', `The server does not take the key (${status}).`);
  if (status >= 500) throw new CodedError('engine_unavailable', `The server fails (${status}).`);
  if (status !== 200) throw new NoList(`it answers ${status}`);
  const list = listSchema.safeParse(jsonOf(body));
  if (!list.success) throw new NoList('its answer is none');
  return list.data.data.map(({ id }) => id).slice(0, MOST_MODELS);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function get(pool: EnginePool, path: '/v1/models'): Promise<{ status: number; body: string }> {
  const request = `GET ${path} HTTP/1.1\r\nHost: ${pool.authority}\r\nAccept: application/json\r\n${authorization(pool.apiKey)}\r\n`;
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new CodedError('engine_unavailable', `The server cannot be reached: ${why}.`));
    const parts: Buffer[] = [];
    let [status, bytes] = [0, 0];
    const call = pool.send(Buffer.from(request, 'latin1'), {
      onHead: (head) => (status = head.status),
      onBody: (chunk, start, end) => {
        bytes += end - start;
        if (bytes <= MOST_BYTES) parts.push(Buffer.from(chunk.subarray(start, end)));
        else {
          call.abort();
          clearTimeout(limit);
          fail('its answer is too large');
        }
      },
      onComplete: () => {
        clearTimeout(limit);
        resolve({ status, body: Buffer.concat(parts).toString('utf8') });
      },
      onFailure: (error) => {
        clearTimeout(limit);
        fail(whyOf(error));
      },
    });
    const limit = setTimeout(() => {
      call.abort();
      fail(`no answer within ${ANSWER_LIMIT_MS / 1_000} seconds`);
    }, ANSWER_LIMIT_MS);
  });
}

function whyOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
