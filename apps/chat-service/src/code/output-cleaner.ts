import { codeBetweenTags, lengthOfTagBegun, tagAt } from './code-tags';
import { Echo } from './echo';
import { FENCE, FENCE_SO_FAR, fenceWithin, type Fence } from './fences';
import { OpenTexts } from './open-texts';
import { isHeading, judgeFirstLine, judgeHeading, judgeLaterLine, type LineVerdict } from './prose';
import { THINKING_CLOSE, THINKING_CLOSE_BEGUN_CHARS, THINKING_OPEN } from './thinking';

export interface CleanerOptions {
  /** The model's template has opened `<think>` itself, so the answer begins in the middle of the thinking. */
  startsThinking?: boolean;
  /** Text that the client has already and models like to repeat: the line in front of the cursor. */
  echo?: string;
  /** The asked text is prose or may hold fences itself (Markdown): only thinking and an outer fence are taken away. */
  prose?: boolean;
  /** In the language asked for, `[CODE]` or `<answer>` may be code (INI, XML): tags are left where they are. */
  tagsAreCode?: boolean;
}

type State = 'start' | 'thinking' | 'lead' | 'bare' | 'fenced' | 'inline' | 'after';

const INSTRUCTION_CLOSE = /\[\/INST\]/;
/** White space at the end is held: a fence may follow, and code does not end with it. */
const TRAILING_SPACE = /\s+$/;
/** Code in the middle of a sentence. */
const INLINE = /`([^`]+)`/;

/**
 * Takes the code out of what a model says, while it says it: thinking, an introduction, Markdown fences and the
 * explanation behind them are left out. Text is held only while it may be one of these: white space before a fence,
 * the marks of a fence, a tag, a first line that begins like a sentence, a first heading until what follows it is known.
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
  /** The tag that ends the code, where one has opened it: anywhere in a line. */
  private closingTag: string | null = null;
  /** On the line of a tag: white space there is no indentation. */
  private behindTag = false;
  private thinkingEnds = THINKING_CLOSE;
  private readonly echo: Echo;
  private out = '';
  /** Some code was there. */
  private begun = false;
  /** The last line that was taken for talk: it may hold the code, where nothing else does. */
  private dropped = '';
  /** Inside a text of several lines (`"""`, a comment): nothing there is an explanation. */
  private readonly quotes = new OpenTexts();

  constructor(private readonly options: CleanerOptions = {}) {
    if (options.startsThinking === true) this.state = 'thinking';
    this.echo = new Echo(options.echo ?? '');
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
    if (!this.begun) this.out = INLINE.exec(this.dropped)?.[1] ?? codeBetweenTags(this.dropped) ?? '';
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
    if (!last && THINKING_OPEN.some((tag) => tag.startsWith(text))) return false;
    const thinks = THINKING_OPEN.find((tag) => text.startsWith(tag));
    if (thinks !== undefined) this.held = text.slice(thinks.length);
    this.state = thinks === undefined ? 'lead' : 'thinking';
    return true;
  }

  private stepThinking(last: boolean): boolean {
    const close = this.thinkingEnds.exec(this.held);
    if (close === null) {
      this.held = last ? '' : this.held.slice(-THINKING_CLOSE_BEGUN_CHARS);
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
      this.behindTag = false;
      return true;
    }
    if (!whole && FENCE_SO_FAR.test(line)) return false;
    const fence = FENCE.exec(line);
    if (fence !== null) return this.open(fence, rest, whole);
    const tag = this.passTag(line, whole);
    if (tag !== 'none') return tag === 'passed';
    if (this.options.prose !== true && this.closingTag === null) {
      const verdict = isHeading(line) ? judgeHeading(rest, whole, last) : this.judge(line, whole);
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
    if (this.behindTag || /^ [^ \t]/.test(this.held)) this.held = this.held.trimStart();
    this.state = 'bare';
    return true;
  }

  /** A tag in front of the code is left out, an instruction with all that stands between its two. */
  private passTag(line: string, whole: boolean): 'none' | 'undecided' | 'passed' {
    if (!this.stripsTags || this.closingTag !== null) return 'none';
    const tag = tagAt(line);
    if (tag === null) return 'none';
    if (tag === 'partly') return whole ? 'none' : 'undecided';
    this.held = this.held.slice(tag.length);
    this.behindTag = true;
    if (tag.kind === 'opens') this.closingTag = tag.closer;
    if (tag.kind === 'instructs') {
      this.thinkingEnds = INSTRUCTION_CLOSE;
      this.state = 'thinking';
    }
    return 'passed';
  }

  /** A tag where a line of code begins: it ends the code, or what came before was only an introduction to it. */
  private meetTag(state: 'bare' | 'fenced', line: string, whole: boolean): 'none' | 'undecided' | 'passed' {
    if (!this.stripsTags || (state === 'fenced' && this.begun)) return 'none';
    const tag = tagAt(line);
    if (tag === null) return 'none';
    if (tag === 'partly') return whole ? 'none' : 'undecided';
    if (tag.kind !== 'opens') {
      if (state === 'fenced') return 'none';
      this.finish();
      return 'passed';
    }
    if (!whole) return 'undecided';
    if (this.begun && line.trim() !== line.slice(0, tag.length).trim()) return 'none';
    this.held = this.held.slice(tag.length);
    this.behindTag = true;
    this.closingTag = tag.closer;
    this.state = 'lead';
    return 'passed';
  }

  private get stripsTags(): boolean {
    return this.options.prose !== true && this.options.tagsAreCode !== true;
  }

  private judge(line: string, whole: boolean): LineVerdict {
    return judgeFirstLine(line, whole, this.dropped !== '');
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
    const closes = this.closingTag === null ? -1 : line.indexOf(this.closingTag);
    if (closes !== -1) {
      this.emit(line.slice(0, closes));
      this.finish();
      return false;
    }
    if (whole) {
      const end = this.held.slice(line.length, this.held.length - rest.length);
      this.emit(line + end);
      this.afterEmptyLine = this.emptySoFar && line.trim() === '';
      this.emptySoFar = true;
      this.atLineStart = true;
      this.held = rest;
      return true;
    }
    const code = last ? this.held : line.slice(0, line.length - lengthOfTagBegun(line, this.closingTag));
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
    if (this.meetTag(state, line, whole) !== 'none') return false;
    if (state === 'bare' && this.afterEmptyLine && this.options.prose !== true && !this.quotes.open) {
      const verdict = judgeLaterLine(line, whole);
      if (verdict === 'prose' && whole) this.finish();
      if (verdict !== 'code') return false;
    }
    return this.stripIndent();
  }

  private meetFence(match: RegExpExecArray, whole: boolean): 'code' | 'undecided' | 'closed' | 'opened' {
    if (this.fence !== null) return fenceWithin(this.fence, match, whole);
    if (!whole) return 'undecided';
    const [, indent = '', mark = '', info = ''] = match;
    if (info.trim() === '') return 'closed';
    // What came before was an introduction that did not look like one.
    this.fence = { mark, indent, depth: 0 };
    this.state = 'fenced';
    return 'opened';
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
    const text = this.echo.pass(this.space + code);
    if (text === null) {
      this.space += code;
      return;
    }
    const trailing = TRAILING_SPACE.exec(text)?.index ?? text.length;
    this.space = text.slice(trailing);
    this.out += text.slice(0, trailing);
    this.begun ||= trailing > 0;
  }
}
