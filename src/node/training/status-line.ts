import { isQuiet } from '../terminal/remarks.js';

/** A line that says how far some work has come: redrawn on a terminal, printed once at its end elsewhere. */
export class StatusLine {
  private text = '';
  private width = 0;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  show(text: string): void {
    if (isQuiet()) return;
    this.text = text;
    if (!this.stream.isTTY) return;
    this.stream.write(`\r${text.padEnd(this.width)}`);
    this.width = text.length;
  }

  end(): void {
    if (this.text === '') return;
    this.stream.write(this.stream.isTTY ? '\n' : `${this.text}\n`);
    this.text = '';
  }
}
