// first driver only: its worker is none, and nothing is trained
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { ShadegradError } from '../../src/errors.js';
import { startTraining, type TrainingEvents, type TrainingHandle } from '../../src/web/worker/index.js';
import type { PageMessage, WorkerMessage } from '../../src/web/worker/messages.js';

/** A worker that does nothing but what the test lets it say. */
class MuteWorker {
  onmessage: ((event: { readonly data: WorkerMessage }) => void) | null = null;
  readonly told: PageMessage['type'][] = [];
  isOver = false;

  postMessage({ type }: PageMessage): void {
    this.told.push(type);
  }

  terminate(): void {
    this.isOver = true;
  }

  say(type: 'saved' | 'progress', data: object): void {
    this.onmessage!({ data: { type, data } as WorkerMessage });
  }
}

/** Starts a training by such workers. */
function started(): { training: TrainingHandle; workers: MuteWorker[]; lost: TrainingEvents['deviceLost'][] } {
  const workers: MuteWorker[] = [];
  const training = startTraining({
    worker() {
      const worker = new MuteWorker();
      workers.push(worker);
      return worker as unknown as Worker;
    },
  });
  const lost: TrainingEvents['deviceLost'][] = [];
  training.on('deviceLost', (event) => lost.push(event));
  return { training, workers, lost };
}

test('an event that there is not is refused by name', () => {
  const { training } = started();
  assert.throws(
    () => training.on('lossess' as 'losses', () => undefined),
    ({ code, expected, received }: ShadegradError) =>
      code === 'INVALID_ARGUMENT' && /losses, measured/.test(expected!) && received === "'lossess'",
  );
  training.terminate();
});

test('a worker that is started anew is told to wait where the run waits', async () => {
  const { training, workers, lost } = started();
  workers[0]!.say('saved', { step: 10, bytes: 1 });
  training.pause();
  training.restart();
  assert.equal(
    workers.map(({ isOver, told }) => [isOver, told]),
    [
      [true, ['start', 'pause']],
      [false, ['start', 'pause']],
    ],
  );
  assert.equal(
    lost.map(({ step }) => step),
    [10],
  );
  training.terminate();
});

test('a run that is to end is not trained on by another worker: it ends where it was saved', async () => {
  const { training, workers, lost } = started();
  workers[0]!.say('progress', { step: 12, totalSteps: 40 });
  workers[0]!.say('saved', { step: 10, bytes: 1 });
  const stopped = training.stop();
  training.restart();
  await stopped;
  assert.equal(await training.finished, { step: 10, totalSteps: 40, stopped: true });
  assert.equal([workers.length, workers[0]!.isOver, lost], [1, true, []]);
});

test('a training that is ended at once knows how long it was to be', async () => {
  const { training, workers } = started();
  workers[0]!.say('progress', { step: 12, totalSteps: 40 });
  training.terminate();
  assert.equal(await training.finished, { step: 12, totalSteps: 40, stopped: true });
});

test('where nothing was saved, there is nothing that another worker could go on with', async () => {
  const { training, workers } = started();
  training.restart();
  const error = await training.finished.then(
    () => null,
    ({ code }: { code: string }) => code,
  );
  assert.equal([error, workers.length], ['WORKER_LOST', 1]);
});

test.run();
