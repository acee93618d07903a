import type { Asked } from './clients';
import type { Fault, Injected } from './fault';
import { promptTokens, tokensOf } from './known-answers';
import { matchRows, type Matched } from './match';
import { isOver, type Row } from './rows';
import { fullText } from '../faults/load';

/** Tokens of each stream in a second, as the engine was told. */
export const TOKENS_PER_SECOND = 50;
/** Tokens that an engine made for a request after the last one that anybody saw, at most: a step or two. */
const UNSEEN_TOKENS = 3;
/** An engine stops within a second when its client has gone; the rest is for a busy machine. */
const UNSEEN_SECONDS = 2;
/** A row that says of itself that it is an estimate may be off by so many tokens of the answer, or this part of the prompt. */
const ESTIMATE_TOKENS = 25;
const ESTIMATE_OF_PROMPT = 0.25;
/** A time measured by a service against one measured by its client. */
const CLOCK_SLACK_MS = 250;

/** Errors that are only told about a request which was admitted. */
const AFTER_ADMISSION = new Set([
  'engine_error',
  'engine_unavailable',
  'upstream_truncated',
  'first_token_timeout',
  'between_tokens_timeout',
  'request_deadline_exceeded',
]);

/** The ledger's word for each error that a client is told in the middle of an answer. */
const OUTCOMES: Readonly<Record<string, string>> = {
  upstream_truncated: 'upstream_truncated',
  stream_interrupted: 'interrupted',
  shutting_down: 'interrupted',
  engine_error: 'error',
  engine_unavailable: 'error',
  first_token_timeout: 'deadline',
  between_tokens_timeout: 'deadline',
  request_deadline_exceeded: 'deadline',
  ledger_unavailable: 'rejected',
  queue_full: 'rejected',
  queue_deadline_exceeded: 'deadline',
};

export interface Verdict {
  /** Requests that were admitted. */
  readonly requests: number;
  readonly refused: number;
  readonly rows: number;
  readonly lost: number;
  readonly doubled: number;
  readonly wrong: number;
  /** Requests that the fault should have spared and did not. */
  readonly disturbed: number;
  /** Rows that say of their tokens that they are an estimate. */
  readonly estimated: number;
  readonly ledgerTokens: number;
  readonly engineTokens: { readonly least: number; readonly most: number };
  /** Milliseconds from the fault to the error that a running stream was told, at most; null where none was. */
  readonly slowestErrorMs: number | null;
  /** One line for each thing that is not as it should be. */
  readonly complaints: readonly string[];
}

/** Compares what the clients saw, what the engines counted and what the ledger holds. */
export function judge(
  fault: Fault,
  injected: Injected,
  evidence: {
    readonly asked: readonly Asked[];
    readonly rows: readonly Row[];
    readonly engineTokens: { readonly least: number; readonly most: number };
    readonly firstGateway: string;
  },
): Verdict {
  const { asked, rows, engineTokens } = evidence;
  const complaints: string[] = [];
  const [matched, strangers] = matchRows(asked, rows, injected.setBackMs);
  const admitted = matched.filter((match) => match.rows.length > 0 || wasAdmitted(match.asked));
  const lost = admitted.filter((match) => match.rows.length === 0);
  for (const match of lost) complaints.push(`lost: ${describe(match.asked)}`);
  const doubles = matched.flatMap((match) => match.rows.slice(1));
  for (const row of [...doubles, ...strangers]) complaints.push(`doubled: ${describeRow(row)}`);

  let wrong = 0;
  for (const match of admitted) {
    const [row] = match.rows;
    const faults = row === undefined ? [] : rowFaults(fault, match.asked, row);
    if (faults.length === 0 || row === undefined) continue;
    wrong += 1;
    complaints.push(`wrong (${faults.join('; ')}): ${describe(match.asked)} | ${describeRow(row)}`);
  }
  const ledgerTokens = rows.reduce((sum, row) => sum + (row.outputTokens ?? 0), 0);
  const sumFault = compareSums(fault, admitted, ledgerTokens, engineTokens);
  if (sumFault !== null) {
    wrong += 1;
    complaints.push(sumFault);
  }
  const disturbed = disturbedRequests(fault, injected, matched, evidence.firstGateway);
  for (const match of disturbed) complaints.push(`disturbed: ${describe(match.asked)}`);
  return {
    requests: admitted.length,
    refused: matched.length - admitted.length,
    rows: rows.length,
    lost: lost.length,
    doubled: doubles.length + strangers.length,
    wrong,
    disturbed: disturbed.length,
    estimated: rows.filter(isEstimate).length,
    ledgerTokens,
    engineTokens,
    slowestErrorMs: slowestError(asked, injected.at),
    complaints,
  };
}

/** Its client can prove it. Of others only the row says so. */
function wasAdmitted({ ended }: Asked): boolean {
  return ended.status === 200 || (ended.error !== null && AFTER_ADMISSION.has(ended.error));
}

/** What of the row does not go together with what the client asked for and saw. */
function rowFaults(fault: Fault, asked: Asked, row: Row): string[] {
  if (!isOver(row)) return [`state ${row.state}`];
  // Closed by the ledger for an owner that is gone: a gateway may have seen its end, and nobody any other.
  if (row.state === 'closed' && row.outcome !== 'interrupted' && row.outcome !== 'completed')
    return [`closed as ${row.outcome ?? '-'}`];
  return [
    ...(row.stream === asked.stream && row.keyId === asked.keyId ? [] : ['of another request']),
    ...outcomeFaults(asked, row),
    ...tokenFaults(fault, asked, row),
    ...timeFaults(asked, row),
  ];
}

function outcomeFaults({ ended, endedAt, left, tokens }: Asked, row: Row): string[] {
  const saw = `${row.outcome ?? 'no outcome'} ${row.statusCode ?? '-'} ${row.errorCode ?? '-'}`;
  const whole = row.outcome === 'completed' && row.statusCode === 200 && row.errorCode === null;
  if (ended.complete) return whole ? [] : [`complete for its client, ${saw}`];
  if (ended.error !== null) {
    const matches = row.errorCode === ended.error && row.outcome === (OUTCOMES[ended.error] ?? 'error');
    return matches ? [] : [`${ended.error} for its client, ${saw}`];
  }
  // The engine had made the last token already when the client left, or its gateway died.
  if (whole) return row.outputTokens === tokens ? [] : ['not whole, completed'];
  if (left && row.outcome === 'client_cancelled') return [];
  // It had come to a bad end before, and its client had not read that yet.
  const endedBefore = row.createdAt + (row.latencyMs ?? Infinity) <= endedAt + CLOCK_SLACK_MS;
  if (left && endedBefore && row.errorCode !== null && OUTCOMES[row.errorCode] === row.outcome) return [];
  if (row.outcome === 'interrupted') return [];
  return [`${left ? 'left by' : 'broken for'} its client, ${saw}`];
}

function tokenFaults(fault: Fault, asked: Asked, row: Row): string[] {
  const faults: string[] = [];
  const { ended, prompt, tokens, stream } = asked;
  const output = row.outputTokens;
  const received = stream ? tokensOf(prompt, ended.text) : { least: 0, most: 0 };
  if (received === null) return ['the text is not the engine’s'];
  if (ended.complete) {
    if (ended.text !== fullText(asked)) faults.push('the text is not whole');
    if (output !== tokens) faults.push(`${output} tokens of ${tokens}`);
    if (row.countMethod !== 'exact') faults.push(`counted ${row.countMethod ?? '-'}`);
  } else {
    const unseen = (fault.unseenSeconds ?? UNSEEN_SECONDS) * TOKENS_PER_SECOND + UNSEEN_TOKENS;
    const lostWithOwner = row.outcome === 'interrupted' ? (fault.checkpointSeconds ?? 0) * TOKENS_PER_SECOND : 0;
    const least = received.least - lostWithOwner;
    const most = Math.min(tokens, stream ? received.most + unseen : tokens);
    if (output === null || output < least || output > most)
      faults.push(`${output ?? 'no'} tokens, ${received.least} received`);
  }
  const input = promptTokens(prompt);
  const none = row.inputTokens === 0 && output === 0;
  const off = Math.abs((row.inputTokens ?? 0) - input);
  if (off > (isEstimate(row) ? input * ESTIMATE_OF_PROMPT : 0) && !none)
    faults.push(`${row.inputTokens ?? 'no'} prompt tokens of ${input}`);
  return faults;
}

function timeFaults(asked: Asked, row: Row): string[] {
  if (row.outcome === 'interrupted' && row.latencyMs === null) return [];
  if (row.latencyMs === null || row.latencyMs < 0) return [`latency ${row.latencyMs ?? '-'} ms`];
  const seen = asked.endedAt - asked.sentAt;
  const faults: string[] = [];
  if (asked.ended.complete && row.latencyMs > seen + CLOCK_SLACK_MS)
    faults.push(`latency ${row.latencyMs} ms, ${seen} ms for its client`);
  if (asked.left && row.latencyMs > seen + UNSEEN_SECONDS * 1_000)
    faults.push(`latency ${row.latencyMs} ms, ${seen} ms until its client left`);
  if (row.ttftMs !== null && (row.ttftMs < 0 || row.ttftMs > row.latencyMs)) faults.push(`ttft ${row.ttftMs} ms`);
  return faults;
}

/** The ledger's sum is the engine's but for the last steps of requests that were cut, what died with its owner, and estimates. */
function compareSums(
  fault: Fault,
  admitted: readonly Matched[],
  ledger: number,
  engine: { readonly least: number; readonly most: number },
): string | null {
  let unseen = 0;
  let estimates = 0;
  for (const { asked, rows } of admitted) {
    if (asked.ended.complete) continue;
    if (rows[0] !== undefined && isEstimate(rows[0])) estimates += ESTIMATE_TOKENS;
    const orphaned = rows[0]?.outcome === 'interrupted' ? (fault.checkpointSeconds ?? 0) * TOKENS_PER_SECOND : 0;
    unseen += UNSEEN_TOKENS + orphaned;
  }
  if (ledger <= engine.most + estimates && ledger >= engine.least - unseen - estimates) return null;
  const counted = engine.least === engine.most ? String(engine.least) : `${engine.least} to ${engine.most}`;
  return `wrong: the rows add up to ${ledger} tokens, the engine counted ${counted}`;
}

function disturbedRequests(
  fault: Fault,
  { at }: Injected,
  matched: readonly Matched[],
  firstGateway: string,
): readonly Matched[] {
  const incomplete = matched.filter(({ asked }) => !asked.left && !asked.ended.complete);
  const ran = ({ asked }: Matched): boolean =>
    asked.ended.status === 200 || (asked.sentAt < at && asked.endedAt > at && asked.ended.status !== 503);
  switch (fault.spares) {
    case 'none':
      return [];
    case 'all':
      return incomplete;
    case 'running':
      return incomplete.filter(ran);
    case 'other-gateways':
      return incomplete.filter(({ asked }) => asked.gateway !== firstGateway);
    case 'other-chat-services': {
      const victim = mostFrequent(incomplete.flatMap(({ rows }) => rows.map((row) => row.owner)));
      return incomplete.filter(({ rows }) => rows[0] !== undefined && rows[0].owner !== victim);
    }
  }
}

function isEstimate({ countMethod }: Row): boolean {
  return countMethod === 'estimated';
}

function mostFrequent(words: readonly string[]): string | null {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? null;
}

/** Of the requests that ran when the fault struck and were told of it by an error. */
function slowestError(asked: readonly Asked[], at: number): number | null {
  const told = asked.filter(({ ended, sentAt, endedAt }) => ended.error !== null && sentAt < at && endedAt > at);
  return told.length === 0 ? null : Math.max(...told.map(({ endedAt }) => endedAt - at));
}

function describe({ ended, tokens, stream, left, sentAt }: Asked): string {
  const what = ended.complete ? 'complete' : left ? 'left' : (ended.error ?? (ended.broken ? 'broken' : 'silent end'));
  const id = ended.requestId ?? 'no id';
  return `${id}, ${tokens} tokens${stream ? ', stream' : ''}, ${ended.status} ${what}, sent ${new Date(sentAt).toISOString()}`;
}

function describeRow(row: Row): string {
  return `row ${row.requestId} ${row.state} ${row.outcome ?? '-'} ${row.errorCode ?? '-'} ${row.outputTokens ?? '-'} ${row.countMethod ?? '-'} of ${row.owner}`;
}
