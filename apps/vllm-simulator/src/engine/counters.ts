import {
  CHOICE_BOUNDS,
  Histogram,
  ITERATION_BOUNDS,
  ITL_BOUNDS,
  PREEMPTION_BOUNDS,
  REQUEST_BOUNDS,
  tokenBounds,
  TTFT_BOUNDS,
} from './histogram';

export type FinishReason = 'stop' | 'length' | 'abort';

/** When a request passed which point, in milliseconds of the monotonic clock. */
export interface RequestTimes {
  readonly arrivedMs: number;
  readonly scheduledMs: number;
  readonly firstTokenMs: number;
  readonly lastTokenMs: number;
}

export interface FinishedRequest extends RequestTimes {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly generatedTokens: number;
  readonly maxTokens: number;
  readonly reason: FinishReason;
}

const seconds = (ms: number): number => Math.max(0, ms) / 1000;

/** What the engine counts. Names follow the metrics of vLLM (vllm:prompt_tokens_total and so on). */
export class EngineCounters {
  promptTokens = 0;
  cachedPromptTokens = 0;
  generationTokens = 0;
  prefixQueries = 0;
  prefixHits = 0;
  /** A request whose client has left is counted nowhere here: `abort` stays 0, as recorded. */
  readonly success: Record<FinishReason | 'error' | 'repetition', number> = {
    stop: 0,
    length: 0,
    abort: 0,
    error: 0,
    repetition: 0,
  };
  readonly requestPromptTokens: Histogram;
  readonly requestGenerationTokens: Histogram;
  readonly iterationTokens = new Histogram(ITERATION_BOUNDS);
  readonly maxNumGenerationTokens: Histogram;
  readonly paramsN = new Histogram(CHOICE_BOUNDS);
  readonly paramsMaxTokens: Histogram;
  readonly timeToFirstToken = new Histogram(TTFT_BOUNDS);
  readonly interTokenLatency = new Histogram(ITL_BOUNDS);
  readonly timePerOutputToken = new Histogram(ITL_BOUNDS);
  readonly e2eLatency = new Histogram(REQUEST_BOUNDS);
  readonly queueTime = new Histogram(REQUEST_BOUNDS);
  readonly inferenceTime = new Histogram(REQUEST_BOUNDS);
  readonly prefillTime = new Histogram(REQUEST_BOUNDS);
  readonly decodeTime = new Histogram(REQUEST_BOUNDS);
  readonly preemptions = new Histogram(PREEMPTION_BOUNDS);
  readonly prefillComputedTokens: Histogram;

  constructor(maxModelLen: number) {
    const bounds = tokenBounds(maxModelLen);
    this.requestPromptTokens = new Histogram(bounds);
    this.requestGenerationTokens = new Histogram(bounds);
    this.maxNumGenerationTokens = new Histogram(bounds);
    this.paramsMaxTokens = new Histogram(bounds);
    this.prefillComputedTokens = new Histogram(bounds);
  }

  /** The prompt was read: its tokens count now, not when the request arrived. */
  prefilled(promptTokens: number, cachedTokens: number): void {
    this.promptTokens += promptTokens;
    this.cachedPromptTokens += cachedTokens;
  }

  firstToken(sinceArrivalMs: number): void {
    this.timeToFirstToken.observe(seconds(sinceArrivalMs));
  }

  nextToken(sinceLastMs: number): void {
    this.interTokenLatency.observe(seconds(sinceLastMs));
  }

  finished(request: FinishedRequest): void {
    const { arrivedMs, scheduledMs, firstTokenMs, lastTokenMs, generatedTokens, promptTokens } = request;
    this.success[request.reason]++;
    this.requestPromptTokens.observe(promptTokens);
    this.requestGenerationTokens.observe(generatedTokens);
    this.maxNumGenerationTokens.observe(generatedTokens);
    this.paramsMaxTokens.observe(request.maxTokens);
    this.e2eLatency.observe(seconds(lastTokenMs - arrivedMs));
    this.queueTime.observe(seconds(scheduledMs - arrivedMs));
    this.inferenceTime.observe(seconds(lastTokenMs - scheduledMs));
    this.prefillTime.observe(seconds(firstTokenMs - scheduledMs));
    this.decodeTime.observe(seconds(lastTokenMs - firstTokenMs));
    this.timePerOutputToken.observe(
      generatedTokens > 1 ? seconds(lastTokenMs - firstTokenMs) / (generatedTokens - 1) : 0,
    );
    this.preemptions.observe(0);
    this.prefillComputedTokens.observe(promptTokens - request.cachedTokens);
  }
}
