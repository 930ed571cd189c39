import { Writable } from 'node:stream';
import cliProgress from 'cli-progress';
import { formatCount, formatDuration, formatNumber } from '../../formats/words.js';
import { StepClock } from '../../training/run/step-clock.js';
import { isQuiet } from './remarks.js';

/** A stream that a progress bar is drawn on: a terminal, or anything that text can be written to. */
export type ProgressStream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };

/** Options of createProgress(): how much there is to do, and where it is shown. */
export interface ProgressOptions {
  /** The steps of the whole run; they may still change, see `ProgressUpdate`. */
  total: number;
  /** The steps done already, when a run goes on from a checkpoint. Default 0. */
  start?: number;
  /** Where the bar is drawn. By default stderr, so that a program's output can be piped. */
  stream?: ProgressStream;
  /** What stands before the bar. */
  label?: string;
  /**
   * What losses are called, by their names, and in a narrow terminal, where those of one short name stand together. Default: their names.
   */
  lossRows?: Readonly<Record<string, { readonly label: string; readonly short?: string }>>;
  /** The images in a step; images/s is then worked out where `update` does not say it. */
  imagesPerStep?: number;
  /** The seconds between two lines where there is no terminal, at most; one is printed at every twentieth of the way, too. Default 30. */
  intervalSeconds?: number;
  /** A clock in seconds. */
  now?: () => number;
}

/** What a progress bar shows beside the number of steps; what is left out stays as it was. */
export interface ProgressUpdate {
  /** The speed. Default: worked out of `imagesPerStep`. */
  imagesPerSecond?: number;
  /** The latest losses; the last ones known stay on show. */
  losses?: Readonly<Record<string, number>>;
  /** The epoch at hand. */
  epoch?: number;
  /** The epochs in all. */
  epochs?: number;
  /** The steps of the whole run, where they have changed. */
  total?: number;
}

/** A progress bar, made by createProgress(). */
export interface Progress {
  /** Says that `step` steps are done. Cheap: call it on every step. */
  update(step: number, update?: ProgressUpdate): void;
  /** Prints a line above the bar. */
  note(line: string): void;
  /** Shows the last state and lets go of the terminal. */
  stop(): void;
}

const DRAWS_PER_SECOND = 10;
const LINES_A_RUN = 20;
const WIDEST_BAR = 30;
const NARROWEST_BAR = 8;

interface State extends ProgressUpdate {
  step: number;
  total: number;
  label: string;
}

/** Takes every text and shows none. */
const SILENT: ProgressStream = new Writable({ write: (_text, _encoding, done) => done() });

/**
 * Makes a progress bar with epoch, step, images/s, time left and losses. On a terminal it is one line that redraws itself;
 * elsewhere plain lines now and then, with no control characters.
 */
export function createProgress(options: ProgressOptions): Progress {
  const stream = options.stream ?? (isQuiet() ? SILENT : process.stderr);
  const now = options.now ?? (() => performance.now() / 1000);
  const clock = new StepClock();
  const state: State = { step: options.start ?? 0, total: options.total, label: options.label ?? '' };
  const described = () => describe(state, clock, now(), options.lossRows ?? {});
  const display =
    stream.isTTY === true
      ? terminalBar(stream, state, described)
      : plainLines(stream, state, described, now, options.intervalSeconds ?? 30);
  let stopped = false;

  return {
    update(step, update = {}) {
      if (stopped) return;
      clock.record(step, now());
      state.step = step;
      for (const [key, value] of Object.entries(update)) {
        if (value === undefined) continue;
        // Not every step has every loss.
        Object.assign(state, { [key]: key === 'losses' ? { ...state.losses, ...update.losses } : value });
      }
      const perStep = clock.secondsPerStep();
      if (update.imagesPerSecond === undefined && options.imagesPerStep !== undefined && perStep !== undefined) {
        state.imagesPerSecond = options.imagesPerStep / perStep;
      }
      display.update();
    },
    note(line) {
      if (stopped) stream.write(line + '\n');
      else display.note(line);
    },
    stop() {
      if (stopped) return;
      stopped = true;
      display.stop();
    },
  };
}

interface Display {
  update(): void;
  note(line: string): void;
  stop(): void;
}

/** A multi-bar of one bar, as only that kind can print lines above itself. */
function terminalBar(stream: ProgressStream, state: State, described: () => Description): Display {
  const bars = new cliProgress.MultiBar({
    stream,
    fps: DRAWS_PER_SECOND,
    barsize: WIDEST_BAR,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: false,
    linewrap: true,
    gracefulExit: false,
    format: (options, params) => {
      const drawBar = (size: number) => cliProgress.Format.BarFormat(params.progress, { ...options, barsize: size });
      return fitLine(state.label, described(), drawBar, (stream.columns || 80) - 1);
    },
  });
  const bar = bars.create(state.total, state.step);
  return {
    update() {
      bar.setTotal(state.total);
      bar.update(Math.min(state.step, state.total));
    },
    note(line) {
      bars.log(line + '\n');
      bars.update();
    },
    stop: () => bars.stop(),
  };
}

function plainLines(
  stream: ProgressStream,
  state: State,
  described: () => Description,
  now: () => number,
  intervalSeconds: number,
): Display {
  let printed: { step: number; time: number } | undefined;
  const print = () => {
    const { place, speed, losses } = described();
    stream.write([state.label, place, speed, losses].filter((part) => part !== '').join('  ') + '\n');
    printed = { step: state.step, time: now() };
  };
  const twentieth = (step: number) => Math.floor((step / state.total) * LINES_A_RUN);
  return {
    update() {
      const due = printed === undefined || now() - printed.time >= intervalSeconds || twentieth(state.step) > twentieth(printed.step);
      if (due) print();
    },
    note: (line) => void stream.write(line + '\n'),
    stop() {
      if (printed !== undefined && printed.step !== state.step) print();
    },
  };
}

interface Description {
  percent: string;
  place: string;
  shortPlace: string;
  speed: string;
  left: string;
  losses: string;
  shortLosses: string;
}

function describe(state: State, clock: StepClock, time: number, rows: NonNullable<ProgressOptions['lossRows']>): Description {
  const { step, total, losses } = state;
  const percent = `${total > 0 ? Math.floor((Math.min(step, total) / total) * 100) : 0}%`;
  const epoch =
    state.epoch === undefined
      ? ''
      : `epoch ${formatCount(state.epoch)}${state.epochs === undefined ? '' : `/${formatCount(state.epochs)}`}  `;
  const seconds = clock.secondsLeft(total, time);
  const left = step >= total ? 'done' : `ETA ${seconds === undefined ? '…' : formatDuration(seconds)}`;
  const rate = state.imagesPerSecond === undefined ? '' : `${formatNumber(state.imagesPerSecond)} images/s  `;
  const each = Object.entries(losses ?? {}).map(([name, loss]) => ({
    label: rows[name]?.label ?? name,
    short: rows[name]?.short ?? rows[name]?.label ?? name,
    value: formatNumber(loss),
  }));
  const shorts = [...new Set(each.map(({ short }) => short))];
  const valuesOf = (short: string): string => each.flatMap((loss) => (loss.short === short ? [loss.value] : [])).join('/');
  return {
    percent,
    place: `${percent}  ${epoch}step ${formatCount(step)}/${formatCount(total)}`,
    shortPlace: `${percent}  ${formatCount(step)}/${formatCount(total)}`,
    speed: rate + left,
    left,
    losses: each.map(({ label, value }) => `${label} ${value}`).join('  '),
    shortLosses: shorts.map((short) => `${short} ${valuesOf(short)}`).join(' '),
  };
}

/** The fullest line that fits: the bar shrinks first, then the losses, the label and the rest give way. */
function fitLine(label: string, described: Description, drawBar: (size: number) => string, columns: number): string {
  const { percent, place, shortPlace, speed, left, losses, shortLosses } = described;
  const choices = [
    [[label], [place, speed, losses]],
    [[], [place, speed, losses]],
    [[], [place, speed, shortLosses]],
    [[], [place, left, shortLosses]],
    [[], [shortPlace, left, shortLosses]],
    [[], [place, left]],
    [[], [percent, left]],
  ];
  for (const [before, after] of choices) {
    const texts = [...before!, ...after!].filter((text) => text !== '');
    const room = columns - texts.join('  ').length - 2;
    if (room >= NARROWEST_BAR) {
      const bar = drawBar(Math.min(room, WIDEST_BAR));
      return [...before!, bar, ...after!].filter((text) => text !== '').join('  ');
    }
  }
  return percent;
}
