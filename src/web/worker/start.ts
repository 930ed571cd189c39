import { described, expectOptions } from '../../checks.js';
import { ShadegradError } from '../../errors.js';
import type { OptionValue } from '../../training/option-table.js';
import { keepStorage } from '../files/opfs.js';
import {
  arrivedError,
  type EarlierRun,
  type PageMessage,
  type TrainingEvents,
  type TrainingOrder,
  type TrainingSource,
  type WorkerMessage,
} from './messages.js';

/** Options of startTraining(): what is trained, on what, and by whom. */
export interface StartTrainingOptions {
  /**
   * The worker, whose program calls serveTraining(), or what makes one: then one that stops to answer is replaced, once, and the run goes
   * on from its last checkpoint.
   */
  readonly worker: Worker | (() => Worker);
  /** What the run is called in the browser's storage: one of listRuns() goes on. Default: a new name. */
  readonly run?: string;
  /** What people call it. Default: the name of the scheme and the time. */
  readonly title?: string;
  /** The scheme, or its name; a run that goes on has its own. Default: pix2pix. */
  readonly scheme?: string | { readonly name: string };
  /**
   * Options of the scheme and of every training by their names, such as `{ steps: 2000, size: 64, batch: 4 }`; what is left out is as
   * `preset` has it. A run that goes on may be given `steps` or `epochs` to be longer.
   */
  readonly options?: Readonly<Record<string, OptionValue>>;
  /** The images of a new run. Default: those that the library draws. */
  readonly data?: TrainingSource;
  /**
   * What a new run goes on with: a run that Node or another browser has begun, with its scheme and its options. `data` are then the images
   * that it was trained on, unless the library draws them.
   */
  readonly from?: EarlierRun;
  /** Steps between checkpoints. Default: every three minutes, and with each validation. */
  readonly saveEvery?: number;
  /** Steps between validations with their pictures. Default: what suits the run. */
  readonly reportEvery?: number;
  /** Validation images that are measured, at most. */
  readonly validate?: number;
}

/** A training in a worker, as the page sees it. */
export interface TrainingHandle {
  /** What the run is called in the browser's storage. */
  readonly run: string;
  /** Resolves when the run has ended, whole or stopped; rejects with the error that ended it. */
  readonly finished: Promise<TrainingEvents['finished']>;
  /** Calls a function with each event of a name. @returns a function that ends that. @throws INVALID_ARGUMENT for a name of none */
  on<Name extends keyof TrainingEvents>(name: Name, listener: (event: TrainingEvents[Name]) => void): () => void;
  /** Lets the run wait after the step at hand; it is saved then. */
  pause(): void;
  /** Lets a run that waits go on. */
  resume(): void;
  /** Saves a checkpoint after the step at hand. */
  save(): void;
  /** Ends the run after the step at hand; it is saved then, and can go on later. */
  stop(): Promise<void>;
  /**
   * Puts another worker in the place of one that does not answer, where it can be made anew, and the run goes on from its last checkpoint;
   * else the run ends, as it does after stop().
   */
  restart(): void;
  /** Ends the worker at once: steps since the last checkpoint are taken again when the run goes on. */
  terminate(): void;
}

/** How often a worker is asked whether it is there; after how long without an answer that is told, and it is taken for frozen. */
const PING = { everyMilliseconds: 5000, silentMilliseconds: 15_000, frozenMilliseconds: 60_000 } as const;

/**
 * Trains in a worker, with typed events. The run is kept in the browser: a tab that is closed loses no more than the steps since the last
 * checkpoint, and startTraining() with the `run` of listRuns() goes on.
 *
 * ```ts
 * const training = startTraining({
 *   worker: () => new Worker(new URL('./train-worker.js', import.meta.url), { type: 'module' }),
 *   scheme: 'pix2pix',
 *   options: { steps: 2000, size: 64 },
 *   data: { kind: 'synthetic' },
 * });
 * training.on('losses', ({ steps }) => console.log(steps));
 * await training.finished;
 * ```
 *
 * @throws INVALID_ARGUMENT for what is no worker, no source of images, or an option that there is not
 */
export function startTraining(options: StartTrainingOptions): TrainingHandle {
  expectOptions('startTraining', options, NAMES, { required: ['worker'] });
  const { worker, scheme = 'pix2pix', data, from, saveEvery, reportEvery, validate } = options;
  expectWorker(worker);
  if (data !== undefined) expectSource(data);
  const isNew = options.run === undefined && !from;
  const name = typeof scheme === 'string' ? scheme : scheme.name;
  const order: TrainingOrder = {
    run: options.run ?? newRunName(name),
    title: options.title ?? `${name}, ${new Date().toLocaleString()}`,
    scheme: name,
    options: options.options ?? {},
    data: data ?? (isNew ? { kind: 'synthetic' } : null),
    ...{ from, saveEvery, reportEvery, validate },
  };
  void keepStorage();
  return new WorkerTraining(worker, order);
}

const NAMES = [
  ...(['worker', 'run', 'title', 'scheme', 'options', 'data', 'from'] as const),
  ...(['saveEvery', 'reportEvery', 'validate'] as const),
];

/** Their names, each once. */
const EVENTS = Object.keys({
  ...{ opening: 1, opened: 1, state: 1, progress: 1, losses: 1, measured: 1, samples: 1, diagnosis: 1, note: 1, saved: 1, silent: 1 },
  ...{ deviceLost: 1, finished: 1, failed: 1 },
} satisfies Record<keyof TrainingEvents, 1>);

function expectWorker(worker: unknown): void {
  if (typeof worker === 'function' || typeof (worker as Partial<Worker>).postMessage === 'function') return;
  throw new ShadegradError('INVALID_ARGUMENT', 'worker of startTraining', {
    expected: 'a Worker, or a function that makes one',
    received: typeof worker,
    fix: "() => new Worker(new URL('./train-worker.js', import.meta.url), { type: 'module' })",
  });
}

function expectSource(data: TrainingSource): void {
  const kind = (data as Partial<TrainingSource> | null)?.kind;
  if (kind === 'synthetic' || kind === 'kept' || kind === 'files') return;
  throw new ShadegradError('INVALID_ARGUMENT', 'data of startTraining', {
    expected: "{ kind: 'synthetic' }, { kind: 'kept', name } or { kind: 'files', name, files }",
    received: data === null || typeof data !== 'object' ? String(data) : `kind ${String(kind)}`,
    fix: 'use one of these, or leave it out for images that the library draws',
  });
}

let made = 0;

/** A name that no run of this browser has. */
const newRunName = (scheme: string): string =>
  `${scheme}-${new Date()
    .toISOString()
    .replace(/\D/g, '')
    .slice(0, 14)}-${(made++).toString(36)}${Math.floor(Math.random() * 36 ** 3).toString(36)}`;

type Listeners = { [Name in keyof TrainingEvents]?: Set<(event: TrainingEvents[Name]) => void> };

class WorkerTraining implements TrainingHandle {
  readonly finished: Promise<TrainingEvents['finished']>;
  private end!: { resolve(event: TrainingEvents['finished']): void; reject(error: ShadegradError): void };
  private ended = false;
  private worker: Worker;
  private readonly listeners: Listeners = {};
  private readonly pinging: ReturnType<typeof setInterval>;
  private heardAt = performance.now();
  private askedAt: number | undefined;
  private pingedAt = performance.now();
  private replaced = false;
  private deviceWasLost = false;
  private isSilent = false;
  private wants: 'run' | 'pause' | 'stop' = 'run';
  private step = 0;
  private totalSteps = NaN;
  /** Steps of the last checkpoint; undefined where there is none that is known of. */
  private savedStep: number | undefined;

  constructor(
    private readonly source: Worker | (() => Worker),
    private readonly order: TrainingOrder,
  ) {
    this.finished = new Promise((resolve, reject) => (this.end = { resolve, reject }));
    // Whoever listens to events alone is told by them.
    this.finished.catch(() => undefined);
    this.worker = this.open();
    this.pinging = setInterval(() => this.ping(), PING.everyMilliseconds);
  }

  get run(): string {
    return this.order.run;
  }

  on<Name extends keyof TrainingEvents>(name: Name, listener: (event: TrainingEvents[Name]) => void): () => void {
    if (!EVENTS.includes(name)) {
      throw new ShadegradError('INVALID_ARGUMENT', 'event of a training', {
        expected: EVENTS.join(', '),
        received: described(name),
        fix: 'listen to one of these',
      });
    }
    const all = (this.listeners[name] ??= new Set() as never) as Set<(event: TrainingEvents[Name]) => void>;
    all.add(listener);
    return () => void all.delete(listener);
  }

  pause(): void {
    this.wants = 'pause';
    this.post({ type: 'pause' });
  }

  resume(): void {
    this.wants = 'run';
    this.post({ type: 'resume' });
  }

  save(): void {
    this.post({ type: 'save' });
  }

  async stop(): Promise<void> {
    this.wants = 'stop';
    this.post({ type: 'stop' });
    await this.finished.catch(() => undefined);
  }

  restart(): void {
    if (this.ended) return;
    // Whoever has asked for the end has it: another worker would train on.
    if (this.wants === 'stop') this.leave();
    else if (this.savedStep === undefined) this.lose('it was to be started anew');
    else this.replace('it was started anew');
  }

  terminate(): void {
    if (this.ended) return;
    this.close();
    this.end.resolve({ step: this.step, totalSteps: this.totalSteps, stopped: true });
  }

  private open(): Worker {
    const worker = typeof this.source === 'function' ? this.source() : this.source;
    worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => this.receive(data);
    worker.onerror = (event) => {
      event.preventDefault();
      // What is thrown comes with its words; a program that cannot be loaded, with none.
      this.broken(event.message || null);
    };
    worker.postMessage({ type: 'start', order: this.order } satisfies PageMessage);
    return worker;
  }

  private post(message: PageMessage): void {
    if (!this.ended) this.worker.postMessage(message);
  }

  private receive(message: WorkerMessage): void {
    this.heardAt = performance.now();
    this.askedAt = undefined;
    if (!this.ended) this.answered();
    if (this.ended || message.type === 'pong') return;
    if (message.type === 'deviceLost' || (message.type === 'failed' && message.data.error.code === 'DEVICE_LOST'))
      this.deviceWasLost = true;
    if (message.type === 'progress' || message.type === 'saved' || message.type === 'opened') this.step = message.data.step;
    if (message.type === 'progress' || message.type === 'opened') this.totalSteps = message.data.totalSteps;
    if (message.type === 'saved' || (message.type === 'opened' && message.data.step > 0)) this.savedStep = message.data.step;
    if (message.type !== 'failed') this.emit(message.type, message.data as never);
    else this.emit('failed', { error: arrivedError(message.data.error), waits: message.data.waits });
    if (message.type === 'finished') {
      this.close();
      this.end.resolve(message.data);
    } else if (message.type === 'failed' && !message.data.waits) {
      this.close();
      this.end.reject(arrivedError(message.data.error));
    }
  }

  private emit<Name extends keyof TrainingEvents>(name: Name, event: TrainingEvents[Name]): void {
    for (const listener of this.listeners[name] ?? []) listener(event);
  }

  /** Tells the end of a silence that was told. */
  private answered(): void {
    if (!this.isSilent) return;
    this.isSilent = false;
    this.emit('silent', { seconds: 0 });
  }

  /** Asks the worker whether it is there. A page that sleeps asks nothing, and its worker sleeps, too. */
  private ping(): void {
    const now = performance.now();
    // Of a machine that slept it is this clock that is late, and not the worker.
    const slept = now - this.pingedAt > 3 * PING.everyMilliseconds;
    this.pingedAt = now;
    if (document.visibilityState === 'hidden') {
      this.askedAt = undefined;
      return;
    }
    if (this.askedAt === undefined || slept) {
      this.askedAt = now;
      this.post({ type: 'ping' });
      return;
    }
    const silent = Math.min(now - this.askedAt, now - this.heardAt);
    if (silent > PING.frozenMilliseconds) this.broken('it has not answered for a minute');
    else if (silent > PING.silentMilliseconds) {
      this.isSilent = true;
      this.emit('silent', { seconds: Math.round(silent / 1000) });
    }
  }

  /**
   * Replaces a worker that is of no use any more, once, where there is a checkpoint to go on from; else the run ends.
   *
   * @param why null where its program could not be loaded
   */
  private broken(why: string | null): void {
    if (this.ended) return;
    if (this.wants === 'stop') this.leave();
    else if (typeof this.source === 'function' && !this.replaced && this.savedStep !== undefined) {
      this.replaced = true;
      this.replace(why ?? 'its program could not be loaded');
    } else this.lose(why);
  }

  private replace(why: string): void {
    // One whose device was lost cannot be taken down, as close() says, and the run is its own until it is.
    if (typeof this.source !== 'function' || this.deviceWasLost) return this.lose(why);
    this.worker.onmessage = this.worker.onerror = null;
    this.worker.terminate();
    this.askedAt = undefined;
    this.heardAt = performance.now();
    this.answered();
    const text = `the worker that trains stopped (${why}); the run goes on from step ${this.savedStep}, where it was saved`;
    this.emit('deviceLost', { step: this.savedStep!, text });
    this.worker = this.open();
    if (this.wants === 'pause') this.post({ type: 'pause' });
  }

  /** Ends as the page asked, where the worker cannot do so itself. */
  private leave(): void {
    const finished = { step: this.savedStep ?? 0, totalSteps: this.totalSteps, stopped: true };
    this.close();
    this.emit('finished', finished);
    this.end.resolve(finished);
  }

  private lose(why: string | null): void {
    const [code, what] =
      why === null
        ? (['DOWNLOAD_FAILED', 'The program of the worker that trains could not be loaded'] as const)
        : (['WORKER_LOST', 'The worker that trains has stopped'] as const);
    const { data, from } = this.order;
    const before = data === null && !from ? 'what was saved of the run is still there' : 'nothing of the run was saved yet: start it again';
    const saved = this.savedStep === undefined ? before : `the run is saved up to step ${this.savedStep}`;
    const error = new ShadegradError(code, what, {
      ...(why !== null && { received: why }),
      fix: `${why === null ? 'check the connection and load the page again; ' : 'load the page again, where it may go on; '}${saved}`,
    });
    this.close();
    this.emit('failed', { error, waits: false });
    this.end.reject(error);
  }

  private close(): void {
    this.ended = true;
    clearInterval(this.pinging);
    // Chromium's whole tab crashes when a worker is taken down whose device was lost: that one stays, with nothing to do.
    if (this.deviceWasLost) this.worker.onmessage = null;
    else this.worker.terminate();
  }
}
