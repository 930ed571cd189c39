import { asPairs } from '../../data/unpaired.js';
import { ShadegradError } from '../../errors.js';
import { adapterName } from '../../gpu/adapter.js';
import type { Gpu } from '../../gpu/gpu.js';
import { epochLength, labelsFor, mostInStep, type TrainingDataset } from '../../training/batches.js';
import { encodeCheckpoint, restoreCheckpoint } from '../../training/checkpoint.js';
import type { TrainingCheckpoint } from '../../training/checkpoint-info.js';
import { diagnosePairs, diagnoseRun, type DiagnosedRun } from '../../training/run/diagnose.js';
import { startAtScale, type OpenedRun, type Start } from '../../training/run/fast-enough.js';
import { LengthPlan, planSteps } from '../../training/run/length-plan.js';
import { diverged, epochOf, TrainingLoop } from '../../training/run/loop.js';
import { Measured, measuredState } from '../../training/run/measured.js';
import { Pace } from '../../training/run/pace.js';
import type { TrainingData } from '../../training/run/open-data.js';
import { trainerOptions } from '../../training/run/run-options.js';
import { savedOptions } from '../../training/run/saved-options.js';
import { optionsOf, type RunSettings } from '../../training/run/settings.js';
import { measuredImages, Validator } from '../../training/run/validation.js';
import { lossRows, type Architectures, type Networks, type TrainingScheme } from '../../training/scheme.js';
import { Trainer } from '../../training/trainer.js';
import { blobSource } from '../blob-source.js';
import type { RunStore } from '../files/run-store.js';
import type { Control } from './control.js';
import { openData } from './data.js';
import { BrowserHistory, type Tell } from './history.js';
import type { TrainingOrder } from './messages.js';
import { settingsOf, settingsToGoOn } from './settings.js';

/** What a run needs beside what it was ordered with. */
export interface RunPlace {
  readonly gpu: Gpu;
  readonly scheme: TrainingScheme;
  readonly order: TrainingOrder;
  /** The data set that is kept in the browser, or `synthetic`. */
  readonly source: string;
  readonly store: RunStore;
  readonly control: Control;
  readonly tell: Tell;
  /** When the run was asked for, on the clock of performance.now(). */
  readonly since: number;
}

const OTHER_TRAINING =
  'the run was trained on other pictures before: names or sizes of their files differ. It goes on with those that are there now';

/** Losses of the past that a page is shown when a run goes on. */
const MOST_SHOWN = 2000;

/** A run in a worker, from where its last checkpoint left it to its end, or to where the page stops it. */
export class BrowserRun {
  private readonly length: LengthPlan;
  private readonly pace: Pace;
  private readonly loop: TrainingLoop;
  private savedStep: number;
  private waitedSeconds = 0;

  private constructor(
    private readonly place: RunPlace,
    private readonly start: Start,
    private readonly validator: Validator,
    private readonly measured: Measured,
    private readonly history: BrowserHistory,
    private readonly facts: DiagnosedRun,
    private readonly resumed: TrainingCheckpoint | null,
  ) {
    const { order, control, tell } = place;
    const { trainer, settings } = start;
    const { saveEvery, reportEvery } = order;
    this.savedStep = resumed ? trainer.step : -1;
    this.length = new LengthPlan(resumed ? null : settings.minutes);
    this.pace = new Pace({ saveEvery, reportEvery, bySteps: measured.decides });
    const saved = resumed?.options.totalSteps;
    const { epochs, steps } = settings;
    const own = steps ?? (epochs === null ? null : epochs * trainer.stepsPerEpoch);
    const facts2 = { step: trainer.step, secondsPerStep: start.secondsPerStep, pauseSeconds: 0, pauses: 0 };
    const first = own ?? (typeof saved === 'number' ? saved : planSteps({ ...facts2, secondsLeft: settings.minutes! * 60 }));
    const progress = {
      note: (text: string): void => tell('note', { text }),
      update: (step: number, told: { imagesPerSecond: number; epoch: number; total: number }): void => {
        const perStep = this.loop.secondsPerStep;
        const secondsLeft = perStep === undefined ? undefined : (told.total - step) * perStep;
        tell('progress', { step, totalSteps: told.total, epoch: told.epoch, imagesPerSecond: told.imagesPerSecond, secondsLeft });
      },
    };
    const interrupt = {
      get exitStatus(): number | undefined {
        return control.stopped ? 0 : undefined;
      },
    };
    this.loop = new TrainingLoop({ trainer, settings, history, progress, interrupt, measured, totalSteps: first, trial: start });
  }

  /** Opens the run and trains it. @throws what opening its data and its networks throws, DEVICE_LOST, DIVERGED, WRITE_FAILED */
  static async train(place: RunPlace): Promise<void> {
    const { gpu, scheme, store, tell } = place;
    const file = await store.checkpoint();
    const info = file && (await store.info());
    const opened: (() => void)[] = [];
    try {
      const start = info ? await goOn(place, info, file) : await begin(place);
      const { trainer, settings, data } = start;
      opened.push(() => trainer.dispose());
      const labels = labelsFor(scheme, data.train);
      const slow = settings.preset === 'preview' || gpu.adapter.software;
      const asked = place.order.validate ?? (typeof info?.options.validate === 'number' ? info.options.validate : undefined);
      const count = measuredImages(asked, { slow, resumed: info !== null });
      const { evaluated: networks, options } = trainer;
      const validator = await Validator.create(gpu, { scheme, networks, options, dataset: data.validation, count, labels });
      opened.push(() => validator.dispose());
      const measured = new Measured(scheme, settings, measuredState(info?.options.measured));
      const baseline = data.unvalidated ? undefined : await validator.baseline(asPairs(data.compared ?? data.train));
      const losses = lossRows(scheme, options);
      const history = new BrowserHistory({ ...scheme, losses }, store, validator, tell, data.fingerprint);
      history.restore(await store.restoreLog(info ? info.step : null));
      if (history.trainedOnOthers) tell('note', { text: OTHER_TRAINING });
      const facts = { scheme, options, settings, validator, baseline };
      await new BrowserRun(place, start, validator, measured, history, facts, info).run();
    } finally {
      for (const close of opened.reverse()) close();
    }
  }

  private async run(): Promise<void> {
    const { place, loop, pace, start, history, control } = { ...this.parts, place: this.place };
    this.tellOpened();
    if (!this.resumed) {
      loop.record(start.trained);
      history.addFindings(await diagnosePairs(this.facts, start.data.train));
      await this.pause(true);
      this.plan();
    } else {
      // What the networks make now, to look at: nothing of the run follows from it.
      history.showSamples(loop.step, await this.validator.run());
    }
    while (loop.step < loop.totalSteps && !control.stopped && !this.measured.stops) {
      await this.obey();
      if (control.stopped) break;
      const half = this.length.settled ? Infinity : Math.floor(loop.totalSteps / 2);
      await loop.trainTo(Math.min(pace.next(loop.step, loop.totalSteps), half), () => {
        return pace.overdue() || this.replanDue() || control.due;
      });
      if (control.stopped) break;
      if (this.replanDue()) this.plan();
      const due = pace.due(loop.step, loop.totalSteps);
      if (due !== null) await this.pause(due === 'report');
    }
    await this.save();
    const { step, totalSteps } = loop;
    place.tell('finished', { step, totalSteps, stopped: step < totalSteps && !this.measured.stops });
  }

  private get parts() {
    const { loop, pace, start, history } = this;
    return { loop, pace, start, history, control: this.place.control };
  }

  private tellOpened(): void {
    const { place, loop, start, history } = this;
    const { losses } = history;
    const stride = Math.max(1, Math.ceil(losses.length / MOST_SHOWN));
    const rows = lossRows(place.scheme, start.trainer.options);
    place.tell('opened', {
      ...{ run: place.order.run, title: place.order.title, scheme: place.scheme.name, settings: start.settings },
      ...{ adapter: adapterName(place.gpu.adapter), software: place.gpu.adapter.software, step: loop.step, totalSteps: loop.totalSteps },
      lossRows: Object.fromEntries(
        Object.entries(rows).map(([name, { label, plot, role }]) => [name, { label, plot, ...(role && { role }) }]),
      ),
      metricRows: place.scheme.metrics,
      losses: losses.filter((_, index) => (losses.length - 1 - index) % stride === 0),
      ...{ metrics: history.metrics, findings: history.findings },
    });
    place.tell('state', { state: 'training' });
  }

  /** Does what the page has asked, and waits while it wants the run to. */
  private async obey(): Promise<void> {
    const { control, tell } = this.place;
    if (control.takeSave()) await this.save();
    if (!control.paused) return;
    await this.save();
    tell('state', { state: 'paused' });
    await this.wait();
  }

  private async wait(): Promise<void> {
    const { control, tell } = this.place;
    const began = performance.now();
    while (control.paused) {
      await control.asked();
      if (control.takeSave()) await this.save();
    }
    this.waitedSeconds += (performance.now() - began) / 1000;
    if (!control.stopped) tell('state', { state: 'training' });
  }

  /** Saves a checkpoint, after a validation or without. */
  private async pause(withReport: boolean): Promise<void> {
    const { loop, history, pace } = this;
    const began = performance.now();
    if (withReport) {
      const validated = await this.validator.run();
      history.addValidation(loop.step, validated);
      this.measured.add(loop.step, validated.metrics);
    }
    history.addFindings(diagnoseRun(this.facts, history, loop.step));
    await this.save();
    if (withReport) pace.reported((performance.now() - began) / 1000);
  }

  /** Saves a checkpoint. Where the storage is full, says so and waits until the page goes on, and tries again. */
  private async save(): Promise<void> {
    const { control, tell } = this.place;
    for (;;) {
      try {
        return await this.saveOnce();
      } catch (error) {
        if (!(error instanceof ShadegradError) || error.code !== 'WRITE_FAILED' || control.stopped) throw error;
        tell('failed', { error, waits: true });
        control.ask('pause');
        tell('state', { state: 'paused' });
        await this.wait();
        if (control.stopped) throw error;
      }
    }
  }

  private async saveOnce(): Promise<void> {
    const { place, start, loop, measured } = this;
    const { gpu, scheme, store, order, source } = place;
    const { trainer, settings, data } = start;
    if (trainer.step === this.savedStep) return;
    const began = performance.now();
    const options = savedOptions({
      ...{ scheme, settings, labels: labelsFor(scheme, data.train), totalSteps: loop.totalSteps, sources: { source } },
      ...{ train: data.train, validate: this.validator.length, measured, reportEvery: order.reportEvery },
    });
    const adapter = adapterName(gpu.adapter);
    const progress = { options, step: trainer.step, epoch: trainer.epoch, adapter, choices: gpu.variants.used() };
    const { keep } = settings;
    try {
      const bytes = await store.save(trainer.step, encodeCheckpoint(trainer, progress), { keep: typeof keep === 'number' ? keep : 1 });
      if (measured.bestSoFar?.step === trainer.step) await store.markBest();
      this.savedStep = trainer.step;
      place.tell('saved', { step: trainer.step, bytes });
    } catch (error) {
      throw error instanceof ShadegradError && error.code === 'DIVERGED' ? diverged(error, scheme, settings) : error;
    }
    this.pace.saved((performance.now() - began) / 1000);
  }

  private get seconds(): number {
    return (performance.now() - this.place.since) / 1000 - this.waitedSeconds;
  }

  private replanDue(): boolean {
    return this.length.due(this.loop.step, this.loop.totalSteps, this.seconds);
  }

  private plan(): void {
    const { loop, pace, start, length } = this;
    if (length.settled) return;
    loop.totalSteps = length.plan(loop.totalSteps, this.seconds, {
      step: loop.step,
      secondsPerStep: loop.secondsPerStep ?? start.secondsPerStep,
      pauseSeconds: pace.reportSeconds,
      pauses: pace.reportsLeft(loop.step, loop.totalSteps),
    });
    const { trainer, settings } = start;
    const perStep = loop.secondsPerStep ?? start.secondsPerStep;
    this.place.tell('progress', {
      ...{ step: loop.step, totalSteps: loop.totalSteps, epoch: epochOf(Math.max(loop.step, 1), trainer.stepsPerEpoch) },
      ...{ imagesPerSecond: settings.batch / perStep, secondsLeft: (loop.totalSteps - loop.step) * perStep },
    });
  }
}

async function begin({ gpu, scheme, order, source, tell }: RunPlace): Promise<Start> {
  const scales = settingsOf(scheme, order.options, gpu.adapter.software);
  const note = (text: string): void => tell('note', { text });
  const open = async (scale: RunSettings): Promise<OpenedRun> => {
    const data = await openData(scheme, source, scale, toldBy(tell));
    const most = mostInStep(scheme, data.train);
    if ('batch' in order.options || scale.batch <= most) return { settings: scale, data };
    note(`${scale.batch} images in a step are more than there are: ${most} are taken`);
    return { settings: { ...scale, batch: most }, data };
  };
  const train = ({ settings, data }: OpenedRun): Promise<Trainer> => openTrainer(gpu, scheme, data, settings);
  if (scales[0]!.minutes !== null) return startAtScale(gpu, scheme, scales, open, train, note);
  const run = await open(scales[0]!);
  return { ...run, trainer: await train(run), trained: [], secondsPerStep: 0 };
}

async function goOn({ gpu, scheme, order, source, tell }: RunPlace, info: TrainingCheckpoint, file: File): Promise<Start> {
  const settings = settingsToGoOn(scheme, info, order.options);
  const data = await openData(scheme, source, settings, toldBy(tell));
  const samples = epochLength(data.train);
  if (info.options.trainPairs !== samples) {
    throw new ShadegradError('CHECKPOINT_MISMATCH', 'The run was trained on other data', {
      expected: `${String(info.options.trainPairs)} training samples`,
      received: `${samples} in ${source}`,
      fix: 'add the data set again as it was when the run was started, under the same name',
    });
  }
  gpu.variants.load(info.choices ?? {});
  const trainer = await openTrainer(gpu, scheme, data, settings, info.networks);
  try {
    await restoreCheckpoint(blobSource(file), trainer);
  } catch (error) {
    trainer.dispose();
    throw error;
  }
  trainer.resumeAt(info.step);
  const here = adapterName(gpu.adapter);
  if (info.adapter !== here)
    tell('note', { text: `the run was started on "${info.adapter}"; on "${here}" its numbers will differ in the last digits` });
  return { trainer, settings, data, trained: [], secondsPerStep: 0 };
}

const toldBy = (tell: Tell) => ({
  opening: (what: string, done: number, total: number): void => tell('opening', { what, done, total }),
  note: (text: string): void => tell('note', { text }),
});

function openTrainer(
  gpu: Gpu,
  scheme: TrainingScheme,
  { train, storedSize }: TrainingData<TrainingDataset>,
  settings: RunSettings,
  networks?: Partial<Architectures<Networks>>,
): Promise<Trainer> {
  const { batch, learningRate, seed, serial, precision } = settings;
  const run = { batch, learningRate, seed, serial, precision, storedSize, ...(networks && { networks }) };
  return Trainer.create(gpu, scheme, train, { ...optionsOf(scheme, settings), ...trainerOptions(settings), ...run });
}
