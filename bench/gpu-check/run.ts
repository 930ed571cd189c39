import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { Found, Job, Section, Step } from './sections.js';

/** How a section ended. "cut short": it has numbers, but its time was up before it had all. */
export type Status = 'done' | 'cut short' | 'failed' | 'skipped';

/** What came of a section. */
export interface Outcome {
  readonly name: string;
  readonly title: string;
  readonly status: Status;
  /** What failed, was left or why it was skipped; a line each. */
  readonly remarks: readonly string[];
  readonly seconds: number;
  readonly limitSeconds: number;
  /** The section's own; null where it has none. */
  readonly numbers: unknown;
  /** Below the folder. */
  readonly logs: readonly string[];
}

/** What came of a section that was never begun. */
export function skipped({ name, title }: Section, why: string): Outcome {
  return { name, title, status: 'skipped', remarks: [why], seconds: 0, limitSeconds: 0, numbers: null, logs: [] };
}

/** Programs that run now: they end with this process. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) end(child, 'SIGKILL');
});

/** How a program ended. */
interface Ended {
  readonly output: string;
  /** Why it did not end well; null if it did. */
  readonly reason: string | null;
  /** Whether its time was up. */
  readonly late: boolean;
}

/** Of its time that a program gets for ending by itself, in seconds at most. */
const GRACE = { share: 0.2, seconds: 20 } as const;

/**
 * Runs the programs of a section, one after the other, until they or the time have ended. Nothing that a program does is an exception
 * here.
 *
 * @param seconds that the section may take
 * @param signal stops it, as if its time were up
 */
export async function runSection(section: Section, job: Job, seconds: number, signal: AbortSignal): Promise<Outcome> {
  const begin = performance.now();
  const passed = (): number => (performance.now() - begin) / 1000;
  const ended = (status: Status, remarks: readonly string[], more: Partial<Outcome> = {}): Outcome => ({
    name: section.name,
    title: section.title,
    status,
    remarks,
    seconds: passed(),
    limitSeconds: seconds,
    numbers: null,
    logs: [],
    ...more,
  });
  try {
    const steps = section.steps(job, seconds);
    const outputs = new Map<string, string>();
    const failed: string[] = [];
    const late: string[] = [];
    for (const step of steps) {
      const left = seconds - passed();
      if (left <= 0 || signal.aborted) {
        late.push(`${step.name}: not begun`);
        continue;
      }
      const result = await runProgram(step, job, left, signal);
      outputs.set(step.name, result.output);
      if (result.late) late.push(`${step.name}: ended early, ${(passed() - seconds + left).toFixed(0)} s after it began`);
      else if (result.reason !== null) failed.push([step.name, result.reason, ...lastWords(result.output)].join(': '));
    }
    const logs = [...outputs.keys()].map(logOf);
    const found = section.read(job, outputs);
    if (found?.skipped !== undefined) return ended('skipped', [found.skipped], { logs });
    const remarks = [...failed, ...(found?.failures ?? []), ...late, ...(found?.left ? [`left: ${found.left}`] : [])];
    return ended(statusOf(found, failed, late), remarks.length > 0 || found ? remarks : ['it wrote no numbers'], {
      numbers: found?.numbers ?? null,
      logs,
    });
  } catch (error) {
    return ended('failed', [error instanceof Error ? error.message : String(error)]);
  }
}

function statusOf(found: Found | null, failed: readonly string[], late: readonly string[]): Status {
  if (!found || failed.length > 0 || (found.failures?.length ?? 0) > 0) return 'failed';
  return found.left || late.length > 0 ? 'cut short' : 'done';
}

const LONGEST_WORDS = 200;

/** The last line that a program wrote, where it wrote any: most say there what was wrong. */
function lastWords(output: string): string[] {
  const last = output.trim().split('\n').at(-1)!.trim();
  return last === '' ? [] : [last.slice(0, LONGEST_WORDS)];
}

const logOf = (name: string): string => join('logs', `${name}.txt`);

/** Runs one program in a group of its own, so that whatever it starts ends with it. */
async function runProgram({ name, command, stops = false }: Step, job: Job, seconds: number, signal: AbortSignal): Promise<Ended> {
  const [program, ...parameters] = command as [string, ...string[]];
  const log = createWriteStream(join(job.out, logOf(name)));
  // A full disk costs the log, not the check: what was written is in the output that is kept here.
  let unlogged: string | undefined;
  const logged = once(log, 'close').catch(() => undefined);
  log.on('error', ({ message }) => (unlogged ??= message));
  const child = spawn(program, parameters, { cwd: job.root, stdio: ['ignore', 'pipe', 'pipe'], detached: process.platform !== 'win32' });
  running.add(child);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      log.write(chunk);
    });
  let late = false;
  let told = false;
  const grace = stops ? Math.min(GRACE.seconds, seconds * GRACE.share) : 0;
  const timers = [
    setTimeout(() => {
      late = true;
      end(child, 'SIGKILL');
    }, seconds * 1000),
    ...(stops
      ? [
          setTimeout(
            () => {
              told = true;
              end(child, 'SIGINT');
            },
            (seconds - grace) * 1000,
          ),
        ]
      : []),
  ];
  const abort = (): void => end(child, 'SIGKILL');
  signal.addEventListener('abort', abort);
  const reason = await new Promise<string | null>((resolve) => {
    child.on('error', (error) => {
      chunks.push(Buffer.from(error.message));
      resolve(error.message);
    });
    child.on('close', (code, killed) => resolve(code === 0 ? null : killed ? `it was ended by ${killed}` : `exit status ${code}`));
  });
  running.delete(child);
  for (const timer of timers) clearTimeout(timer);
  signal.removeEventListener('abort', abort);
  log.end();
  await logged;
  if (unlogged !== undefined) console.error(`the log of ${name} is not whole: ${unlogged}`);
  // A program that was told to stop ends badly on purpose, or before it could listen.
  return { output: Buffer.concat(chunks).toString('utf8'), reason, late: late || (told && reason !== null) || signal.aborted };
}

function end(child: ChildProcess, signal: 'SIGINT' | 'SIGKILL'): void {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended by itself.
  }
}
