/** A text that the client has already, which is left out where an answer begins with it. */
export class Echo {
  constructor(private text: string) {}

  /**
   * @param code all of the answer so far.
   * @returns what is new in it; null while it may all be the echo.
   */
  pass(code: string): string | null {
    const { text } = this;
    if (text !== '' && !code.startsWith(text) && text.startsWith(code)) return null;
    this.text = '';
    return code.startsWith(text) ? code.slice(text.length) : code;
  }
}
