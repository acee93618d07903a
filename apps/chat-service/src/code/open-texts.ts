/** Whether code stands inside a text or comment that goes over several lines, in most languages. */
export class OpenTexts {
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
