import { ShadegradError } from '../../errors.js';
import { printableName } from '../../formats/names.js';
import type { Gpu } from '../../gpu/gpu.js';
import { findScheme, registerScheme, SCHEMES } from '../../schemes/registry.js';
import { readCheckpointHeader } from '../../training/checkpoint.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import { SYNTHETIC } from '../../training/run/open-data.js';
import type { Networks, TrainingScheme } from '../../training/scheme.js';
import { requestGpu } from '../adapter.js';
import { blobSource } from '../blob-source.js';
import { deleteDataSet, keepDataSet } from '../files/data-sets.js';
import { runInUse, runLock, RunStore, type RunAbout } from '../files/run-store.js';
import { Control } from './control.js';
import type { Tell } from './history.js';
import { plainError, type PageMessage, type TrainingOrder, type WorkerMessage } from './messages.js';
import { BrowserRun } from './run.js';

/** Options of serveTraining(). */
export interface ServeOptions {
  /** Schemes of the program's own, beside those of the library: pages then name them. */
  readonly schemes?: readonly TrainingScheme<object, Networks>[];
}

/** A second loss of the device in this time ends the run: something of the run, or of the driver, brings it about. */
const LOSS_APART_MILLISECONDS = 60_000;
/** How long a run is waited for that another worker may just be leaving. */
const LOCK_MILLISECONDS = 2000;
/** How long a lost device is waited for: the browser starts its process anew. */
const DEVICE_WAIT = { tries: 20, milliseconds: 500 } as const;

/**
 * Makes a worker one that trains: the whole program of a worker whose page calls startTraining().
 *
 * ```ts
 * // train-worker.ts, of which a bundler makes a worker
 * import { serveTraining } from 'shadegrad/worker';
 * serveTraining();
 * ```
 */
export function serveTraining({ schemes = [] }: ServeOptions = {}): void {
  for (const scheme of schemes) if (!findScheme(scheme.name)) registerScheme(scheme);
  // The DOM's types are those of pages.
  const port = globalThis as unknown as {
    onmessage: ((event: { readonly data: PageMessage }) => void) | null;
    postMessage(message: WorkerMessage, transferred: Transferable[]): void;
  };
  const post = (message: WorkerMessage, transferred: Transferable[] = []): void => port.postMessage(message, transferred);
  const tell: Tell = (type, data, transferred) => {
    if (type !== 'failed') return post({ type, data } as WorkerMessage, transferred);
    const { error, waits } = data as { error: unknown; waits: boolean };
    post({ type: 'failed', data: { error: plainError(error), waits } });
  };
  const control = new Control();
  let started = false;
  port.onmessage = ({ data: message }) => {
    if (message.type === 'ping') return post({ type: 'pong' });
    if (message.type !== 'start') return control.ask(message.type);
    if (started) return;
    started = true;
    serveRun(message.order, control, tell).catch((error: unknown) => tell('failed', { error: error as ShadegradError, waits: false }));
  };
}

/** Trains a run, in this tab alone. */
async function serveRun(order: TrainingOrder, control: Control, tell: Tell): Promise<void> {
  const since = performance.now();
  const signal = AbortSignal.timeout(LOCK_MILLISECONDS);
  let isOurs = false;
  const train = async (): Promise<void> => {
    isOurs = true;
    const store = await RunStore.open(order.run);
    let [isNew, isOpened] = [false, false];
    let keptNow: string | null = null;
    const telling: Tell = (type, data, transferred) => {
      isOpened ||= type === 'opened';
      tell(type, data, transferred);
    };
    try {
      const known = await store.about();
      isNew = known === null;
      const about = known ?? (await describe(order, store, tell, (dataSet) => (keptNow = dataSet)));
      const scheme = schemeNamed(about.scheme);
      // A checkpoint has the options itself; of a run that was left before its first one, only these are known.
      const options = (await store.checkpoint()) ? order.options : { ...about.options, ...order.options };
      const place = {
        scheme,
        order: { ...order, options, title: about.title },
        source: about.source,
        store,
        control,
        tell: telling,
        since,
      };
      let lostAt = -Infinity;
      for (;;) {
        const gpu = await openDevice(lostAt !== -Infinity);
        let isLost = false;
        void gpu.device.lost.then(() => (isLost = true));
        try {
          return await BrowserRun.train({ ...place, gpu });
        } catch (error) {
          // What fails because of a lost device may be known before the loss itself.
          await new Promise((resolve) => setTimeout(resolve, 200));
          const lost = isLost || (error instanceof ShadegradError && error.code === 'DEVICE_LOST');
          if (!lost || control.stopped) throw error;
          const step = (await store.info())?.step ?? null;
          if (performance.now() - lostAt < LOSS_APART_MILLISECONDS) throw lostAgain(step, error);
          lostAt = performance.now();
          const further =
            step === null ? 'nothing was saved yet: the run begins again' : `the run goes on from step ${step}, where it was saved`;
          tell('deviceLost', { step: step ?? 0, text: `the graphics processor went away; ${further}` });
        } finally {
          store.close();
          gpu.destroy();
        }
      }
    } catch (error) {
      const isNothing = isNew && !isOpened;
      // Of what could not be begun, or never came to a checkpoint, there is nothing to go on with.
      if (isNothing || !(await store.checkpoint())) await store.remove().catch(() => undefined);
      if (isNothing && keptNow !== null) await deleteDataSet(keptNow).catch(() => undefined);
      throw error;
    } finally {
      store.close();
    }
  };
  await navigator.locks.request(runLock(order.run), { signal }, train).catch((error: unknown) => {
    throw isOurs ? error : runInUse();
  });
}

/** Writes down what a new run is, after its images are kept in the browser. @param onKept told the name of the data set that was */
async function describe(order: TrainingOrder, store: RunStore, tell: Tell, onKept: (dataSet: string) => void): Promise<RunAbout> {
  const { title, from } = order;
  const beginning = from && (await beginningOf(from.checkpoint));
  const { scheme, options } = beginning ?? order;
  schemeNamed(scheme);
  const data = order.data ?? (beginning?.options.source === SYNTHETIC ? ({ kind: 'synthetic' } as const) : null);
  if (!data && beginning) {
    throw new ShadegradError('DATA_NOT_FOUND', 'The pictures that the run was trained on are not in this browser', {
      expected: `those of ${printableName(String(beginning.options.source ?? 'another place'))}`,
      received: 'the checkpoint alone',
      fix: 'choose their folder or a zip of it, and open the checkpoint with them',
    });
  }
  if (!data) {
    throw new ShadegradError('DATA_NOT_FOUND', 'There is no such run in this browser', {
      expected: 'a run of listRuns(), or images for a new one',
      received: order.run,
      fix: 'start a new run',
    });
  }
  if (data.kind === 'files') {
    const { notes } = await keepDataSet(data.name, data.files, (done, total) =>
      tell('opening', { what: 'keeping the pictures in the browser', done, total }),
    );
    onKept(data.name);
    for (const text of notes) tell('note', { text });
  }
  const source = data.kind === 'synthetic' ? SYNTHETIC : data.name;
  const about = { title, scheme, source, startedAt: new Date().toISOString(), options };
  if (beginning) await store.adopt(beginning.step, from!.checkpoint, from!.log);
  await store.describe(about);
  return about;
}

/** What a checkpoint says of the run that it is of. @throws CHECKPOINT_CORRUPT, CHECKPOINT_VERSION, CHECKPOINT_MISMATCH */
async function beginningOf(checkpoint: Blob): Promise<{ scheme: string; step: number; options: CheckpointOptions }> {
  const source = blobSource(checkpoint, checkpoint instanceof File ? checkpoint.name : 'the checkpoint');
  const { scheme, step, options, optimizers } = await readCheckpointHeader(source);
  if (scheme !== null && Object.keys(optimizers).length > 0) return { scheme, step, options };
  throw new ShadegradError('CHECKPOINT_MISMATCH', `${printableName(source.name)} is of networks alone`, {
    expected: 'the checkpoint of a run, with the state of its optimisers',
    received: scheme === null ? 'a file that names no scheme' : `networks of ${scheme} without optimisers`,
    fix: 'choose checkpoint.safetensors of the folder of the run, or what was downloaded as its checkpoint',
  });
}

function schemeNamed(name: string): TrainingScheme {
  const scheme = findScheme(name);
  if (scheme) return scheme;
  throw new ShadegradError('INVALID_ARGUMENT', 'the scheme of a training', {
    expected: SCHEMES.map((each) => each.name).join(', '),
    received: name,
    fix: 'name one of these; a scheme of your own is given to serveTraining({ schemes: [...] }) in the worker',
  });
}

/** @param again whether there was one before: the browser may need a moment to have another */
async function openDevice(again: boolean): Promise<Gpu> {
  for (let left: number = again ? DEVICE_WAIT.tries : 1; ; left--) {
    try {
      return await requestGpu();
    } catch (error) {
      if (left <= 1) throw error;
      await new Promise((resolve) => setTimeout(resolve, DEVICE_WAIT.milliseconds));
    }
  }
}

/** @param step of the last checkpoint; null where there is none */
const lostAgain = (step: number | null, cause: unknown): ShadegradError =>
  new ShadegradError('DEVICE_LOST', 'The graphics processor went away twice within a minute', {
    received: cause instanceof ShadegradError ? cause.what : String(cause),
    fix:
      (step === null
        ? 'nothing of the run was saved yet: start it again later'
        : `the run is saved up to step ${step}: go on with it later`) +
      ', or start one with smaller networks, images or batch; close other tabs that use the GPU',
    cause,
  });
