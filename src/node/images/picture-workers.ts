import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { type Transferable, Worker } from 'node:worker_threads';
import type { RgbImage } from '../../data/image.js';
import { atMost } from '../../data/at-most.js';
import { imagesOf, isAsStored, type Picture } from '../../training/files/picture.js';
import type { TaskArgument, TaskName, TaskResult } from './picture-tasks.js';
import program from './picture-worker.ts?text';

/** Decoding has threads of its own, and a training step waits for no more pictures than these finish. */
const MOST_WORKERS = 4;
/** How long a worker waits for the next picture before it ends. */
const IDLE_MS = 1000;

const inTurn = atMost(Math.max(1, Math.min(MOST_WORKERS, availableParallelism() - 1)));
const idle: Worker[] = [];
let ending: NodeJS.Timeout | undefined;

/**
 * The images of a decoded picture, computed beside the thread that trains, which a large picture would hold up for tens of milliseconds.
 */
export function finishPicture(picture: Picture): Promise<RgbImage[]> {
  if (isAsStored(picture)) return Promise.resolve(imagesOf(picture));
  // sharp's memory cannot be handed over. It is copied when it is its turn.
  return inTurn(() => {
    const samples = picture.samples.samples.slice();
    return inWorker('images', { ...picture, samples: { ...picture.samples, samples } }, [samples.buffer]);
  });
}

/**
 * What a task makes of pictures, computed in a worker thread.
 *
 * Only what sharp has decoded gets there: it has threads of its own, and a worker that ended while sharp was at work in it would end the
 * process. Workers are those of the process, a few however many folders are read; they begin with the first picture that there is
 * something to compute of, end when none has come for a while, and hold up no process that has nothing else to do.
 */
export function computeAside<Name extends TaskName>(task: Name, argument: TaskArgument<Name>): Promise<TaskResult<Name>> {
  return inTurn(() => inWorker(task, argument));
}

async function inWorker<Name extends TaskName>(
  task: Name,
  argument: TaskArgument<Name>,
  transferred: readonly Transferable[] = [],
): Promise<TaskResult<Name>> {
  const worker = idle.pop() ?? new Worker(program, { eval: true, execArgv: [] });
  worker.ref();
  worker.postMessage({ task, argument }, transferred);
  // One that fails has ended.
  const [result] = (await once(worker, 'message')) as [TaskResult<Name>];
  worker.unref();
  idle.push(worker);
  clearTimeout(ending);
  ending = setTimeout(endIdle, IDLE_MS).unref();
  return result;
}

function endIdle(): void {
  for (const worker of idle.splice(0)) void worker.terminate();
}
