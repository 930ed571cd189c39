import { rmSync } from 'node:fs';

/** What this process is at work on, under the temporary names that it has until it is finished. */
const unfinished = new Set<string>();

const SIGNALS: readonly NodeJS.Signals[] = process.platform === 'win32' ? ['SIGINT', 'SIGBREAK'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];

function removeAll(): void {
  for (const path of unfinished) {
    try {
      // What a thread of Node still writes may come into a folder that is just being removed.
      rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // It stays: the next process that writes here removes it.
    }
  }
  unfinished.clear();
}

/** Does what the signal would have done. Whoever listens for it, too, decides about the end; then there is the event `exit`. */
function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  removeAll();
  stopListening();
  process.kill(process.pid, signal);
}

function startListening(): void {
  process.on('exit', removeAll);
  for (const signal of SIGNALS) process.on(signal, onSignal);
}

function stopListening(): void {
  process.off('exit', removeAll);
  for (const signal of SIGNALS) process.off(signal, onSignal);
}

/**
 * Notes a file or folder that is being made: if the process ends before finished() is called, by a signal or otherwise, it is removed. Of a
 * process that is killed (SIGKILL), what removeStale() finds is left.
 *
 * @returns the path
 */
export function begun(path: string): string {
  if (unfinished.size === 0) startListening();
  unfinished.add(path);
  return path;
}

/** Notes that a file or folder has its name, or is removed. */
export function finished(path: string): void {
  if (unfinished.delete(path) && unfinished.size === 0) stopListening();
}
