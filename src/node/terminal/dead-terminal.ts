import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Lets a program end with its own status after its terminal has gone. Node restores the terminal's settings when a process
 * exits, and aborts it when that fails; it leaves out what was closed since the start, or is another file now.
 */
export function letGoOfDeadTerminal(): void {
  const terminals = [0, 1, 2].filter((descriptor) => isatty(descriptor));
  process.on('exit', () => {
    for (const descriptor of terminals) {
      // A terminal that has gone no longer answers as one.
      if (isatty(descriptor)) continue;
      try {
        closeSync(descriptor);
        // Takes the lowest number that is free, which is this one: no other file may be given it.
        openSync('/dev/null', 'r+');
      } catch {
        // Closed already: that is as good.
      }
    }
  });
}
