/** Who says a line: one of vLLM's processes, or uvicorn, which has a format of its own. */
export type Speaker = 'APIServer' | 'EngineCore' | 'Worker';

export interface LogSink {
  out(text: string): void;
  err(text: string): void;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** vLLM's log: `(APIServer pid=1) INFO 11-21 02:58:34 [model.py:2152] Using max model len 2048`. */
export class VllmLog {
  constructor(
    private readonly sink: LogSink,
    private readonly pid: number,
    private readonly tensorParallelSize: number,
  ) {}

  info(speaker: Speaker, place: string, message: string): void {
    this.line('INFO', speaker, place, message);
  }

  warning(speaker: Speaker, place: string, message: string): void {
    this.line('WARNING', speaker, place, message);
  }

  /** Every line of the message gets the prefix, as in a logged traceback. */
  error(speaker: Speaker, place: string, message: string): void {
    for (const line of message.split('\n')) this.line('ERROR', speaker, place, line);
  }

  /** uvicorn's own lines, and access lines. */
  plain(text: string): void {
    this.sink.out(`${text}\n`);
  }

  /** Progress bars, tracebacks that nobody logs, usage texts. */
  stderr(text: string): void {
    this.sink.err(`${text}\n`);
  }

  private line(level: string, speaker: Speaker, place: string, message: string): void {
    const now = new Date();
    const day = `${two(now.getMonth() + 1)}-${two(now.getDate())}`;
    const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
    this.sink.out(`(${this.name(speaker)}) ${level} ${day} ${time} [${place}] ${message}\n`);
  }

  /** The simulator is one process; the numbers after it stand for the engine's and the workers'. */
  private name(speaker: Speaker): string {
    if (speaker === 'APIServer') return `APIServer pid=${this.pid}`;
    if (speaker === 'EngineCore') return `EngineCore pid=${this.pid + 1}`;
    return this.tensorParallelSize > 1 ? `Worker_TP0 pid=${this.pid + 2}` : `Worker pid=${this.pid + 2}`;
  }
}
