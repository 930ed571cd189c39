import { signal } from '@preact/signals';
import type { TestAnswer } from './messages.js';
import { startWorker, type TestRow } from './parts.js';
import { readOutput, type TestResult } from './test-output.js';

/** A run of files of tests, one after the other. */
export interface TestRun {
  readonly state: 'running' | 'stopped' | 'done';
  readonly files: readonly string[];
  readonly results: readonly TestResult[];
}

/** The latest run; none before the first. */
export const testRun = signal<TestRun | null>(null);

/** No file takes so long, even on a processor that stands in for a GPU. */
const LIMIT_MILLISECONDS = 600_000;

let stop: (() => void) | undefined;

/** Runs files of tests, each in a worker of its own. Returns when all have run, or the run was stopped. */
export async function runTests(files: readonly TestRow[]): Promise<void> {
  stopTests();
  let isStopped = false;
  let end = (): void => undefined;
  const mine = (): void => {
    isStopped = true;
    end();
  };
  stop = mine;
  const names = files.map(({ name }) => name);
  const results: TestResult[] = [];
  const show = (state: TestRun['state']): void => void (testRun.value = { state, files: names, results: [...results] });
  show('running');
  for (const name of names) {
    const result = await runFile(name, (ends) => (end = ends));
    if (isStopped) return show('stopped');
    results.push(result!);
    show('running');
  }
  stop = undefined;
  show('done');
}

/** Ends the run, if there is one, in the middle of whatever it does. */
export function stopTests(): void {
  stop?.();
  stop = undefined;
}

/** Runs one file. @param onStart told how to end it early @returns undefined if it was */
function runFile(name: string, onStart: (end: () => void) => void): Promise<TestResult | undefined> {
  const worker = startWorker('tests.js');
  const begin = performance.now();
  return new Promise((resolve) => {
    const finish = (output: string | undefined, finished: boolean): void => {
      clearTimeout(timer);
      worker.terminate();
      resolve(output === undefined ? undefined : readOutput(name, output, finished, (performance.now() - begin) / 1000));
    };
    const timer = setTimeout(() => finish('It took too long, and was ended.', false), LIMIT_MILLISECONDS);
    onStart(() => finish(undefined, false));
    worker.addEventListener('message', ({ data }: MessageEvent<TestAnswer>) => finish(data.output, data.finished));
    worker.addEventListener('error', ({ message }) => finish(message || 'The worker could not be loaded.', false));
    worker.postMessage({ file: name });
  });
}
