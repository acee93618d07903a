import { judgeFirstLine, judgeLaterLine, type LineVerdict } from './prose';

export interface CleanerOptions {
  /** The model's template has opened `<think>` itself, so the answer begins in the middle of the thinking. */
  startsThinking?: boolean;
  /** Text that the client has already and models like to repeat: the line in front of the cursor. */
  echo?: string;
  /** The asked text is prose or may hold fences itself (Markdown): only thinking and an outer fence are taken away. */
  prose?: boolean;
}

type State = 'start' | 'thinking' | 'lead' | 'bare' | 'fenced' | 'inline' | 'after';

interface Fence {
  /** How a line that closes it begins. */
  mark: string;
  /** White space in front of the opening mark, taken away from each line. */
  indent: string;
  /** Fences opened inside (an answer that is Markdown itself). */
  depth: number;
}

const THINK_OPEN = ['<think>', '<thinking>'] as const;
const THINK_CLOSE = /<\/think(?:ing)?>/;
const THINK_CLOSE_CHARS = '</thinking>'.length - 1;
const FENCE = /^([ \t]*)(`{3,}|~{3,})(.*)$/;
const FENCE_SO_FAR = /^[ \t]*(?:`{0,2}|~{0,2})$/;
/** White space at the end is held: a fence may follow, and code does not end with it. */
const TRAILING_SPACE = /\s+$/;
/** A heading, or a comment in many languages. */
const HEADING = /^# /;
/** Code in the middle of a sentence. */
const INLINE = /`([^`]+)`/;

/**
 * Takes the code out of what a model says, while it says it: thinking, an introduction, Markdown fences and the
 * explanation behind them are left out. Text is held only while it may be one of these: white space before a fence,
 * the marks of a fence, a first line that begins like a sentence, a first heading until what follows it is known.
 */
export class OutputCleaner {
  private state: State = 'start';
  /** What came and is not decided. */
  private held = '';
  /** White space that is code if more code follows. */
  private space = '';
  private atLineStart = true;
  /** Of the line whose end has not come. */
  private emptySoFar = true;
  private afterEmptyLine = false;
  private fence: Fence | null = null;
  private echo: string;
  private out = '';
  /** Some code was there. */
  private begun = false;
  /** The last line that was taken for talk: it may hold the code, where nothing else does. */
  private dropped = '';
  /** Inside a text of several lines (`"""`, a comment): nothing there is an explanation. */
  private readonly quotes = new OpenTexts();

  constructor(private readonly options: CleanerOptions = {}) {
    if (options.startsThinking === true) this.state = 'thinking';
    this.echo = options.echo ?? '';
  }

  /** @returns the code that is certain now. */
  push(text: string): string {
    if (this.state === 'after') return '';
    this.held += text;
    while (this.held !== '' && this.step(false));
    return this.take();
  }

  /** The model has ended. @returns the rest of the code. */
  end(): string {
    while (this.held !== '' && this.step(true));
    if (!this.begun) this.out = INLINE.exec(this.dropped)?.[1] ?? '';
    return this.take();
  }

  private take(): string {
    const { out } = this;
    this.out = '';
    return out;
  }

  /** One decision. @returns whether there may be another. */
  private step(last: boolean): boolean {
    switch (this.state) {
      case 'start':
        return this.stepStart(last);
      case 'thinking':
        return this.stepThinking(last);
      case 'lead':
        return this.stepLead(last);
      case 'bare':
      case 'fenced':
        return this.stepCode(this.state, last);
      case 'inline':
        return this.stepInline(last);
      case 'after':
        this.held = '';
        return false;
      default:
        return this.state satisfies never;
    }
  }

  private stepStart(last: boolean): boolean {
    const text = this.held.trimStart();
    if (!last && THINK_OPEN.some((tag) => tag.startsWith(text))) return false;
    const thinks = THINK_OPEN.find((tag) => text.startsWith(tag));
    if (thinks !== undefined) this.held = text.slice(thinks.length);
    this.state = thinks === undefined ? 'lead' : 'thinking';
    return true;
  }

  private stepThinking(last: boolean): boolean {
    const close = THINK_CLOSE.exec(this.held);
    if (close === null) {
      this.held = last ? '' : this.held.slice(-THINK_CLOSE_CHARS);
      return false;
    }
    this.held = this.held.slice(close.index + close[0].length);
    this.state = 'lead';
    return true;
  }

  /** Nothing of the code has come yet: the line may be empty, an introduction, a fence, or its first. */
  private stepLead(last: boolean): boolean {
    const { line, rest, whole } = this.line(last);
    if (whole && line.trim() === '') {
      this.held = rest;
      return true;
    }
    if (!whole && FENCE_SO_FAR.test(line)) return false;
    const fence = FENCE.exec(line);
    if (fence !== null) return this.open(fence, rest, whole);
    if (this.options.prose !== true) {
      const verdict = HEADING.test(line) ? this.judgeHeading(rest, whole, last) : this.judge(line, whole);
      if (verdict === 'undecided') return false;
      if (verdict === 'prose') return this.dropLine(line, rest, whole);
    }
    const inline = /^\s*`(?!`)/.exec(line);
    if (inline !== null) {
      this.held = this.held.slice(inline[0].length);
      this.state = 'inline';
      return true;
    }
    // Some tokenizers put one space in front of everything.
    if (/^ [^ \t]/.test(this.held)) this.held = this.held.slice(1);
    this.state = 'bare';
    return true;
  }

  private judge(line: string, whole: boolean): LineVerdict {
    return judgeFirstLine(line, whole, this.dropped !== '');
  }

  /** `# Solution` is talk where an empty line and more of it follow, or a fence; else it is a comment of the code. */
  private judgeHeading(rest: string, whole: boolean, last: boolean): LineVerdict {
    if (!whole || (rest === '' && !last)) return 'undecided';
    const behind = /^(?:[ \t]*\r?\n)+/.exec(rest);
    if (behind === null) return !last && /^[ \t\r]*$/.test(rest) ? 'undecided' : 'code';
    const [next = '', ...more] = rest.slice(behind[0].length).split('\n');
    if (FENCE.test(next)) return 'prose';
    if (!last && more.length === 0 && FENCE_SO_FAR.test(next)) return 'undecided';
    if (next === '') return last ? 'code' : 'undecided';
    return judgeFirstLine(next, last || more.length > 0, true);
  }

  /** An introduction: what comes behind its end is looked at anew. Until then there is nothing to keep. */
  private dropLine(line: string, rest: string, whole: boolean): boolean {
    if (!whole) return false;
    this.dropped = line;
    this.held = rest;
    return true;
  }

  private open(fence: RegExpExecArray, rest: string, whole: boolean): boolean {
    const [, indent = '', mark = '', info = ''] = fence;
    // ```print("Jay")```
    const closed = info.indexOf(mark);
    if (closed !== -1) {
      this.emit(info.slice(0, closed).trim());
      this.finish();
      return false;
    }
    if (!whole) return false;
    // Some tokenizers put one space in front of everything: it is none of the code's.
    this.fence = { mark, indent: indent === ' ' ? '' : indent, depth: 0 };
    this.state = 'fenced';
    this.atLineStart = true;
    this.held = rest;
    return true;
  }

  private stepCode(state: 'bare' | 'fenced', last: boolean): boolean {
    if (this.atLineStart && !this.passLineStart(state, last)) return this.state !== state && this.held !== '';
    const { line, rest, whole } = this.line(false);
    if (whole) {
      const end = this.held.slice(line.length, this.held.length - rest.length);
      this.emit(line + end);
      this.afterEmptyLine = this.emptySoFar && line.trim() === '';
      this.emptySoFar = true;
      this.atLineStart = true;
      this.held = rest;
      return true;
    }
    const code = last ? this.held : line;
    this.emit(code);
    this.atLineStart &&= code === '';
    this.emptySoFar &&= code.trim() === '';
    this.held = this.held.slice(code.length);
    return false;
  }

  /** At the beginning of a line. @returns whether the line is code, as far as it can be told. */
  private passLineStart(state: 'bare' | 'fenced', last: boolean): boolean {
    const { line, rest, whole } = this.line(last);
    if (!whole && FENCE_SO_FAR.test(line)) return false;
    const fence = this.options.prose === true && state === 'bare' ? null : FENCE.exec(line);
    if (fence !== null) {
      const verdict = this.meetFence(fence, whole);
      if (verdict === 'code') return this.stripIndent();
      if (verdict === 'undecided') return false;
      this.held = rest;
      if (verdict === 'closed') this.finish();
      return false;
    }
    if (state === 'bare' && this.afterEmptyLine && this.options.prose !== true && !this.quotes.open) {
      const verdict = judgeLaterLine(line, whole);
      if (verdict === 'prose' && whole) this.finish();
      if (verdict !== 'code') return false;
    }
    return this.stripIndent();
  }

  private meetFence(match: RegExpExecArray, whole: boolean): 'code' | 'undecided' | 'closed' | 'opened' {
    const [, indent = '', mark = '', info = ''] = match;
    const { fence } = this;
    if (fence === null) {
      if (!whole) return 'undecided';
      if (info.trim() === '') return 'closed';
      // What came before was an introduction that did not look like one.
      this.fence = { mark, indent, depth: 0 };
      this.state = 'fenced';
      return 'opened';
    }
    if (!mark.startsWith(fence.mark))
      return !whole && info === '' && fence.mark.startsWith(mark) ? 'undecided' : 'code';
    if (info.trim() !== '') {
      if (!whole) return 'undecided';
      fence.depth += 1;
      return 'code';
    }
    if (fence.depth === 0) return whole ? 'closed' : 'undecided';
    if (!whole) return 'undecided';
    fence.depth -= 1;
    return 'code';
  }

  private stripIndent(): boolean {
    const indent = this.fence?.indent ?? '';
    if (indent !== '' && this.held.startsWith(indent)) this.held = this.held.slice(indent.length);
    return true;
  }

  /** The whole answer stands between single back quotes. */
  private stepInline(last: boolean): boolean {
    const close = this.held.indexOf('`');
    if (close === -1) {
      this.emit(this.held);
      this.held = '';
      return false;
    }
    const behind = this.held.slice(close + 1);
    if (!last && behind === '') {
      this.emit(this.held.slice(0, close));
      this.held = '`';
      return false;
    }
    this.emit(this.held.slice(0, close));
    this.finish();
    return false;
  }

  private finish(): void {
    this.state = 'after';
    this.held = '';
    this.space = '';
  }

  /** The next line of what is held. `last`: the end of the text ends a line too. */
  private line(last: boolean): { line: string; rest: string; whole: boolean } {
    const at = this.held.indexOf('\n');
    // A CR at the end may be half of a line end.
    if (at === -1)
      return { line: this.held.endsWith('\r') ? this.held.slice(0, -1) : this.held, rest: '', whole: last };
    const end = this.held[at - 1] === '\r' ? at - 1 : at;
    return { line: this.held.slice(0, end), rest: this.held.slice(at + 1), whole: true };
  }

  private emit(code: string): void {
    this.quotes.read(code);
    let text = this.space + code;
    if (this.echo !== '') {
      text = this.withoutEcho(text);
      if (text === '') return;
    }
    const trailing = TRAILING_SPACE.exec(text)?.index ?? text.length;
    this.space = text.slice(trailing);
    this.out += text.slice(0, trailing);
    this.begun ||= trailing > 0;
  }

  private withoutEcho(text: string): string {
    const { echo } = this;
    if (text.startsWith(echo)) {
      this.echo = '';
      this.space = '';
      return text.slice(echo.length);
    }
    if (echo.startsWith(text)) {
      this.space = text;
      return '';
    }
    this.echo = '';
    return text;
  }
}

/** Whether code stands inside a text or comment that goes over several lines, in most languages. */
class OpenTexts {
  private closer: string | null = null;
  private tail = '';

  get open(): boolean {
    return this.closer !== null;
  }

  read(code: string): void {
    const text = this.tail + code;
    let at = 0;
    for (;;) {
      if (this.closer === null) {
        const found = /"""|'''|\/\*|<!--/.exec(text.slice(at));
        if (found === null) break;
        at += found.index + found[0].length;
        this.closer = CLOSERS[found[0]] ?? null;
      } else {
        const found = text.indexOf(this.closer, at);
        if (found === -1) break;
        at = found + this.closer.length;
        this.closer = null;
      }
    }
    this.tail = text.slice(Math.max(at, text.length - 3));
  }
}

const CLOSERS: Readonly<Record<string, string>> = { '"""': '"""', "'''": "'''", '/*': '*/', '<!--': '-->' };
