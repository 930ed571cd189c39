/** The worker that runs one file of kernel tests and ends. Its bundle holds all of them; the build lists them. */
import type { TestAnswer } from './messages.js';

/** Where uvu keeps the tests of a file, and the harness what is to be closed after them. */
interface TestGlobals {
  UVU_DEFER?: number;
  UVU_INDEX?: number;
  UVU_QUEUE?: unknown[];
  afterAllTests?: (() => unknown)[];
}

/** Waits for the name of a file, runs its tests, and answers with what they wrote. */
export function serveTests(files: Readonly<Record<string, () => Promise<unknown>>>): void {
  const lines: string[] = [];
  const answer = (finished: boolean): void => postMessage({ output: lines.join('\n'), finished } satisfies TestAnswer);
  const fail = (error: unknown): void => {
    lines.push(`uncaught: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    answer(false);
  };
  for (const name of ['log', 'warn', 'error'] as const)
    console[name] = (...parts: unknown[]) => void lines.push(parts.map(String).join(' '));
  addEventListener('unhandledrejection', ({ reason }) => fail(reason));
  addEventListener('message', ({ data }: MessageEvent<{ file: string }>) => {
    run(files[data.file]!).then(() => answer(true), fail);
  });
}

/** As scripts/lib/run-bundle.js does it in Node: uvu's own start is put off, so that there is a certain end. */
async function run(load: () => Promise<unknown>): Promise<void> {
  const globals = globalThis as TestGlobals;
  Object.assign(globals, { UVU_DEFER: 1, UVU_INDEX: 0, UVU_QUEUE: [[null]] } satisfies TestGlobals);
  // uvu takes the console when it is first loaded.
  const { exec } = await import('uvu');
  await load();
  await exec();
  for (const close of globals.afterAllTests ?? []) await close();
}
