import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Logger } from 'nestjs-pino';
import type { HintBody, HintTurn } from '#contracts/hints';
import { counter } from '#common/metrics';
import { safeHint, type HintTemplates } from './hint-templates';
import { MOST_CODE, RULES_READY, ruleLanguage, type Finding, type RuleLanguage } from './rules/finding';
import type { RulesAnswer, RulesAsk } from './rules/rules-worker';

/** What students write takes a few milliseconds; code that takes longer was made to. */
const LONGEST_LOOK_MS = 1_000;
/** A worker is there after some tenths of a second; on a busy machine that can be seconds. */
const LONGEST_START_MS = 20_000;
/** A worker that is not asked for so long ends, and its memory is free. */
const IDLE_MS = 60_000;
const WORKER = join(__dirname, 'rules', 'rules-worker.js');
/** Above what the largest code that is looked at needs; a worker that needs more ends, and only it. */
const MEMORY = { maxOldGenerationSizeMb: 128, maxYoungGenerationSizeMb: 16, stackSizeMb: 2 };

interface Look extends RulesAsk {
  resolve: (finding: Finding | null) => void;
}

/**
 * Hints by rules, without a model. A thread of its own reads the code, one after the other: whatever it is made of, streams go
 * on meanwhile.
 */
@Injectable()
export class LocalHints implements OnApplicationShutdown {
  private worker: Worker | null = null;
  private readonly waiting: Look[] = [];
  private running: Look | null = null;
  /** The worker has said that it is there. */
  private ready = false;
  private timer: NodeJS.Timeout | undefined;
  private lastId = 0;
  private readonly looks = counter('tandem_hint_rules_total', 'Programs that the rules looked at, by what came of it', [
    'result',
  ]);

  constructor(private readonly logger: Logger) {}

  onApplicationShutdown(): void {
    clearTimeout(this.timer);
    void this.worker?.terminate();
  }

  /** A hint for the most urgent thing that the rules find in the code; the same for all where they find none. */
  async hint({ code, language }: HintBody, turn: HintTurn, templates: HintTemplates): Promise<string> {
    const known = language === null ? null : ruleLanguage(language);
    const finding = known === null || code.trim() === '' ? null : await this.look(code, known);
    if (finding === null) return safeHint(templates, turn.level, turn.locale);
    return templates.texts[turn.locale].rules[finding.rule][turn.level].replaceAll('{{line}}', String(finding.line));
  }

  private look(code: string, language: RuleLanguage): Promise<Finding | null> {
    if (code.length > MOST_CODE) {
      this.looks.inc({ result: 'too_large' });
      return Promise.resolve(null);
    }
    return new Promise((resolve) => {
      this.lastId += 1;
      this.waiting.push({ id: this.lastId, code, language, resolve });
      this.next();
    });
  }

  private next(): void {
    if (this.running !== null) return;
    clearTimeout(this.timer);
    const look = this.waiting.shift();
    if (look === undefined) {
      this.timer = setTimeout(() => this.drop(), IDLE_MS).unref();
      return;
    }
    this.running = look;
    const { id, code, language } = look;
    this.started().postMessage({ id, code, language } satisfies RulesAsk);
    this.limit(this.ready ? LONGEST_LOOK_MS : LONGEST_START_MS);
  }

  private limit(ms: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.giveUp('too_slow'), ms);
  }

  private started(): Worker {
    if (this.worker !== null) return this.worker;
    const worker = new Worker(WORKER, { resourceLimits: MEMORY, execArgv: [] });
    worker.unref();
    worker.on('message', (said: RulesAnswer | typeof RULES_READY) => {
      if (worker !== this.worker) return;
      if (said !== RULES_READY) return this.answered(said);
      this.ready = true;
      if (this.running !== null) this.limit(LONGEST_LOOK_MS);
    });
    // Out of memory, too, comes as an error.
    worker.on('error', (error: unknown) => {
      if (worker !== this.worker) return;
      this.logger.warn({ msg: 'the rules for hints failed', err: error });
      this.giveUp('failed');
    });
    this.worker = worker;
    return worker;
  }

  private answered({ id, findings }: RulesAnswer): void {
    if (this.running?.id !== id) return;
    const [finding] = findings;
    this.looks.inc({ result: finding?.rule ?? 'nothing' });
    this.end(finding ?? null);
  }

  /** The worker is busy with this code, or gone: the next one gets a fresh one. */
  private giveUp(result: 'too_slow' | 'failed'): void {
    this.drop();
    this.looks.inc({ result });
    this.end(null);
  }

  private end(finding: Finding | null): void {
    const { running } = this;
    this.running = null;
    running?.resolve(finding);
    this.next();
  }

  private drop(): void {
    void this.worker?.terminate();
    this.worker = null;
    this.ready = false;
  }
}
