import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { RgbImage } from '../../data/image.js';
import { atMost } from '../files/at-most.js';
import { imagesOf, isAsStored, type Picture } from './picture.js';
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
 *
 * Only what sharp has decoded gets there: it has threads of its own, and a worker that ended while sharp was at work in it would end the
 * process. Workers are those of the process, a few however many folders are read; they begin with the first picture that there is
 * something to compute of, end when none has come for a while, and hold up no process that has nothing else to do.
 */
export function finishPicture(picture: Picture): Promise<RgbImage[]> {
  return isAsStored(picture) ? Promise.resolve(imagesOf(picture)) : inTurn(() => inWorker(picture));
}

async function inWorker({ samples, ...picture }: Picture): Promise<RgbImage[]> {
  const worker = idle.pop() ?? new Worker(program, { eval: true, execArgv: [] });
  worker.ref();
  // sharp's memory cannot be handed over.
  const own = samples.samples.slice();
  worker.postMessage({ ...picture, samples: { ...samples, samples: own } } satisfies Picture, [own.buffer]);
  // One that fails has ended.
  const [images] = (await once(worker, 'message')) as [RgbImage[]];
  worker.unref();
  idle.push(worker);
  clearTimeout(ending);
  ending = setTimeout(endIdle, IDLE_MS).unref();
  return images;
}

function endIdle(): void {
  for (const worker of idle.splice(0)) void worker.terminate();
}
