import { signal } from '@preact/signals';
import { SCHEMES, type Finding, type ShadegradError } from 'shadegrad';
import {
  deleteDataSet,
  deleteRun,
  exportRun,
  listDataSets,
  listRuns,
  startTraining,
  type KeptDataSet,
  type KeptRun,
  type StartTrainingOptions,
  type TrainingEvents,
  type TrainingHandle,
  type TrainingSource,
} from 'shadegrad/worker';
import { addModel } from '../../common/models.js';
import { dismiss, explain, report, reportError } from '../../common/notices.js';
import { trainWorker } from './worker.js';
import { goTo } from '../../shell/route.js';
import { Curves } from './curves.js';
import type { EarlierFiles } from './form.js';

/** How it goes with the training of the page. */
export type Phase = 'idle' | 'opening' | 'training' | 'paused' | 'finished' | 'failed';

type Opened = TrainingEvents['opened'];

/** How it goes with the training. It outlives the page: a training goes on while another page is shown. */
export const phase = signal<Phase>('idle');
/** Of what is started, before it has opened. */
export const title = signal<string | null>(null);
/** What is being made ready. */
export const opening = signal<TrainingEvents['opening'] | null>(null);
/** What is trained. */
export const opened = signal<Opened | null>(null);
export const progress = signal<TrainingEvents['progress'] | null>(null);
export const samples = signal<TrainingEvents['samples'] | null>(null);
export const findings = signal<readonly Finding[]>([]);
export const notes = signal<readonly string[]>([]);
export const savedStep = signal<number | null>(null);
/** Counts what has come to the curves, so that whoever draws them knows. */
export const drawn = signal(0);
export const runs = signal<readonly KeptRun[]>([]);
export const dataSets = signal<readonly KeptDataSet[]>([]);

/** What the form says, which outlives the form: what could not be started can be mended and tried again. */
export interface Draft {
  readonly scheme: string;
  readonly length: string;
  readonly more: string;
  readonly data: TrainingSource;
  /** A run of before, in the place of a new one. */
  readonly from: EarlierFiles<{ readonly path: string; readonly file: File }> | null;
}
export const draft = signal<Draft>({ scheme: 'pix2pix', length: '5', more: '', data: { kind: 'synthetic' }, from: null });

/** The curves of the losses, by the heading of their plot; and of the metrics, by name. */
export let lossCurves: ReadonlyMap<string, Curves> = new Map();
export let metricCurves: ReadonlyMap<string, Curves> = new Map();

/** The run that was being trained when the page was left, to go on with at the next visit. */
const CURRENT = 'shadegrad training';
const MOST_NOTES = 6;
/** A new run is saved after so many milliseconds, if no step of it was before: what closing the tab loses is no more than that. */
const FIRST_SAVE = 15_000;
let training: TrainingHandle | null = null;
/** Whether the person has asked for the end of the training. */
let isStopping = false;

/** Whether a training holds the worker. */
export const isRunning = (): boolean => training !== null;

/** The run of the training. */
export const currentRun = (): string | null => training?.run ?? opened.peek()?.run ?? null;

/** Starts a training, or goes on with one. What goes wrong is told. */
export function start(options: Omit<StartTrainingOptions, 'worker'>): void {
  if (training) return;
  for (const state of [opening, opened, progress, samples, savedStep]) state.value = null;
  findings.value = [];
  notes.value = [];
  title.value = options.title ?? runs.peek().find(({ id }) => id === options.run)?.title ?? null;
  phase.value = 'opening';
  dismiss('training');
  const handle = startTraining({ ...options, worker: trainWorker });
  training = handle;
  isStopping = false;
  remember(handle.run);
  handle.on('opening', (event) => (opening.value = event));
  handle.on('opened', (event) => {
    begin(event);
    if (event.step === 0) setTimeout(() => training === handle && !savedStep.peek() && handle.save(), FIRST_SAVE);
  });
  handle.on('state', ({ state }) => (phase.value = state));
  handle.on('progress', (event) => (progress.value = event));
  handle.on('losses', ({ steps }) => addLosses(steps));
  handle.on('measured', (event) => addMetrics([event]));
  handle.on('samples', (event) => (samples.value = event));
  handle.on('diagnosis', ({ finding }) => {
    findings.value = [...findings.value.filter(({ diagnosis }) => diagnosis !== finding.diagnosis), finding];
  });
  handle.on('note', ({ text }) => note(text));
  handle.on('saved', (event) => saved(handle.run, event));
  handle.on('silent', ({ seconds }) => silent(seconds));
  handle.on('deviceLost', ({ text }) => note(text));
  handle.on('failed', ({ error, waits }) => failed(error, waits));
  handle.on('finished', ({ stopped }) => ended(stopped ? 'idle' : 'finished'));
}

function begin(event: Opened): void {
  opening.value = null;
  // It has begun: the next one is another.
  const { data } = draft.peek();
  draft.value = { ...draft.peek(), from: null, ...(data.kind === 'files' && { data: { kind: 'kept', name: data.name } }) };
  opened.value = event;
  const plots = new Map<string, string[]>();
  for (const [name, { plot }] of Object.entries(event.lossRows)) plots.set(plot, [...(plots.get(plot) ?? []), name]);
  lossCurves = new Map([...plots].map(([plot, names]) => [plot, new Curves(names)]));
  metricCurves = new Map(Object.keys(event.metricRows).map((name) => [name, new Curves([name], undefined, 1)]));
  findings.value = event.findings;
  addLosses(event.losses);
  addMetrics(event.metrics);
}

function addLosses(steps: Opened['losses']): void {
  const points = steps.map(({ step, losses }) => ({ step, values: losses }));
  for (const curves of lossCurves.values()) curves.add(points);
  drawn.value++;
}

function addMetrics(measured: Opened['metrics']): void {
  const points = measured.map(({ step, metrics }) => ({ step, values: metrics }));
  for (const curves of metricCurves.values()) curves.add(points);
  drawn.value++;
}

function note(text: string): void {
  notes.value = [...notes.value, text].slice(-MOST_NOTES);
}

/** The row of the run changes with each checkpoint; all that is kept is looked at again only where it is not there yet. */
function saved(run: string, { step, bytes }: TrainingEvents['saved']): void {
  savedStep.value = step;
  const { totalSteps = null } = progress.peek() ?? opened.peek() ?? {};
  const rows = runs.peek();
  if (!rows.some(({ id, step: before }) => id === run && before > 0)) return void refresh();
  runs.value = rows.map((row) =>
    row.id === run ? { ...row, step, totalSteps, bytes: Math.max(row.bytes, bytes), savedAt: Date.now() } : row,
  );
}

function silent(seconds: number): void {
  if (seconds === 0) return dismiss('silent');
  const step = savedStep.peek() ?? opened.peek()?.step ?? 0;
  report({
    ...{ id: 'silent', kind: 'hint', title: 'The training does not answer' },
    text: `It may be busy, or it is stuck: nothing was heard of it for ${seconds} seconds.`,
    ...(isStopping
      ? { fix: 'After a minute it is ended by itself.', action: { label: 'End it now', run: () => training?.restart() } }
      : step > 0
        ? {
            fix: `After a minute it is started anew by itself and goes on from step ${step}, where it was saved.`,
            action: { label: `Go on from step ${step} now`, run: () => training?.restart() },
          }
        : { fix: 'After a minute it is given up. Nothing was saved yet.' }),
  });
}

/** Errors after which a run that was saved may go on as it was. */
const PASSING: readonly string[] = ['DEVICE_LOST', 'WORKER_LOST'];

function failed(error: ShadegradError, waits: boolean): void {
  dismiss('silent');
  const run = currentRun();
  const step = savedStep.peek() ?? opened.peek()?.step ?? 0;
  const isPassing = PASSING.includes(error.code) && run !== null && step > 0;
  const action = waits
    ? { label: 'Try again', run: resume }
    : isPassing
      ? { label: `Go on from step ${step}`, run: () => start({ run }) }
      : undefined;
  const notice = explain(error);
  // Of a run the checkpoint matters: where it is, and that nothing of it is lost.
  const fix = error.code === 'DEVICE_LOST' && error.fix ? sentence(error.fix) : notice.fix;
  report({ ...notice, id: 'training', ...(fix && { fix }), ...(action && { action }) });
  // Another tab trains it, and goes on with it after its own next visit.
  if (!waits) ended('failed', error.code !== 'RUN_IN_USE');
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function ended(how: Phase, isOver = true): void {
  training = null;
  phase.value = how;
  dismiss('silent');
  notes.value = notes.peek().filter((text) => text !== GOES_ON);
  if (isOver) forget();
  void refresh();
}

export const pause = (): void => training?.pause();
export const save = (): void => training?.save();
/** Lets the run go on that waits. */
export function resume(): void {
  dismiss('training');
  training?.resume();
}
/** Ends the run; it can go on later. */
export async function stop(): Promise<void> {
  // The wish to end is the person's: nothing goes on by itself at the next visit.
  forget();
  isStopping = true;
  await training?.stop();
}

/** Looks anew at what the browser keeps. */
export async function refresh(): Promise<void> {
  try {
    [runs.value, dataSets.value] = await Promise.all([listRuns(), listDataSets()]);
  } catch (error) {
    reportError(error);
  }
}

const GOES_ON = 'The page was loaded anew: the run goes on from its last checkpoint.';

/** Goes on with the run that was being trained when the page was left or loaded anew. */
export async function goOn(): Promise<void> {
  await refresh();
  const run = remembered();
  if (training || run === null || !runs.value.some(({ id, totalSteps }) => id === run && totalSteps !== null)) return;
  note(GOES_ON);
  const before = notes.value;
  start({ run });
  notes.value = before;
}

/** Deletes a run. What goes wrong is told. */
export async function removeRun(id: string): Promise<void> {
  await deleteRun(id).catch(reportError);
  if (opened.value?.run === id && !training) {
    opened.value = null;
    phase.value = 'idle';
  }
  await refresh();
}

/** Deletes a data set. What goes wrong is told. */
export async function removeDataSet(name: string): Promise<void> {
  await deleteDataSet(name).catch(reportError);
  const { data } = draft.peek();
  if (data.kind === 'kept' && data.name === name) draft.value = { ...draft.peek(), data: { kind: 'synthetic' } };
  await refresh();
}

/** Hands a run's checkpoint to the browser to download. */
export async function download(run: string): Promise<void> {
  try {
    const file = await exportRun(run);
    const link = document.createElement('a');
    link.href = URL.createObjectURL(file);
    link.download = file.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    reportError(error);
  }
}

/** Opens what a run has learned on the page Draw. */
export async function useInDraw(run: KeptRun, network: string): Promise<void> {
  const { id, title, generators } = run;
  try {
    const file = await exportRun(id);
    const input = drawnInput(run, generators.length === 1 ? 0 : generators.indexOf(network));
    const isOpen = await addModel([new File([file], `${title}.safetensors`)], {
      title: generators.length === 1 ? title : `${title}, ${network}`,
      network,
      about: 'Trained in this browser.',
      ...(input && { input, ...(input === 'labels' && { palette: 'facades' }) }),
    });
    if (isOpen) goTo('draw');
  } catch (error) {
    reportError(error);
  }
}

/** What a generator takes whose pictures the program drew: of facades, label maps are half B of the pairs. Null of other pictures. */
function drawnInput({ source, scheme, options }: KeptRun, generator: number): 'labels' | 'pictures' | null {
  const row = SCHEMES.find(({ name }) => name === scheme);
  if (source !== 'synthetic' || !row) return null;
  if (row.drawn) return 'pictures';
  const usual = Object.entries<{ readonly default?: unknown }>(row.options).map(([name, { default: value }]) => [name, value]);
  return row.pictures({ ...Object.fromEntries(usual), ...options }).given[generator]?.half === 'b' ? 'labels' : 'pictures';
}

function remember(run: string): void {
  try {
    localStorage.setItem(CURRENT, run);
  } catch {
    // Then it goes on when somebody says so.
  }
}

function forget(): void {
  try {
    localStorage.removeItem(CURRENT);
  } catch {
    // It was not remembered either.
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(CURRENT);
  } catch {
    return null;
  }
}
