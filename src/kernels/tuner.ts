import type { Gpu } from '../gpu/gpu.js';
import type { Recording } from '../gpu/recording.js';
import { conv2dForward, conv2dInputGrad, conv2dWeightGrad, CONV_VARIANTS, supportsConvVariant, supportsWeightGradVariant, type ConvVariant } from './conv2d.js';
import { convWork, parseConvProblem, problemTensor, type ConvProblem } from './conv2d-problem.js';
import { isWorkgroupTile } from './conv2d-workgroup.js';
import { fillUniform } from './random.js';

/** Another variant must be this much faster than the heuristic's to be stored: less is noise, and would change from run to run. */
const WORTHWHILE = 1.03;
/** Runs timed at a time: so many that a wait for the device is a small part of them. */
const TIMED = { milliseconds: 10, mostRuns: 20, samples: 3 } as const;
/** A variant whose first run takes so many times as long as the best one's is not timed further. */
const HOPELESS = 2;

export interface TuneResult {
  readonly problem: string;
  readonly winner: string;
  /** What would have served without tuning. */
  readonly heuristic: string;
  /** Milliseconds of one run by variant: medians, or the first run's of a hopeless one. */
  readonly milliseconds: Readonly<Record<string, number>>;
}

export interface TuneOptions {
  /** Called after each problem, with how many are done. */
  onProgress?: (result: TuneResult, done: number, total: number) => void;
  /** An AbortSignal, or anything like it: the problems not yet done are left out. */
  signal?: { readonly aborted: boolean };
  /** Also time what is known to be hopeless: on software adapters, whose barriers are slow, the workgroup tiles. */
  all?: boolean;
}

/** Runs nothing, but notes the problems that `body` would dispatch, by name, with the variant that serves now. */
export async function survey(gpu: Gpu, body: () => void): Promise<Map<string, string>> {
  let problems = new Map<string, string>();
  // Thrown so that the trace is given up: neither its memory nor its pipelines are wanted.
  const traced = new Error('traced');
  await gpu.record(() => {
    problems = gpu.choices.survey(body);
    throw traced;
  }).catch((error: unknown) => {
    if (error !== traced) throw error;
  });
  return problems;
}

/**
 * Times the variants of each problem on random contents, and stores the fastest in gpu.choices: the heuristic's unless
 * another is more than 3% faster. The largest problems come first, so that little time is spent well.
 *
 * @param problems names from survey(), with the heuristics' variants; unknown names are left out
 * @returns the problems done, in their order
 */
export async function tune(gpu: Gpu, problems: ReadonlyMap<string, string>, { onProgress, signal, all = false }: TuneOptions = {}): Promise<TuneResult[]> {
  const jobs = [...problems]
    .flatMap(([problem, heuristic]) => {
      const conv = parseConvProblem(problem);
      return conv ? [{ problem, heuristic, conv }] : [];
    })
    .sort((a, b) => convWork(b.conv) - convWork(a.conv) || (a.problem < b.problem ? -1 : 1));
  const results: TuneResult[] = [];
  for (const { problem, heuristic, conv } of jobs) {
    if (signal?.aborted) break;
    const milliseconds = await timeVariants(gpu, conv, heuristic, all, signal);
    if (!milliseconds) break;
    const winner = chooseWinner(milliseconds, heuristic);
    gpu.choices.set(problem, winner);
    const result = { problem, winner, heuristic, milliseconds };
    results.push(result);
    onProgress?.(result, results.length, jobs.length);
  }
  return results;
}

/** The fastest variant, or the heuristic's where none is faster by enough. */
export function chooseWinner(milliseconds: Readonly<Record<string, number>>, heuristic: string): string {
  const [fastest] = Object.entries(milliseconds).sort(([, a], [, b]) => a - b)[0]!;
  const known = milliseconds[heuristic];
  return known !== undefined && known <= milliseconds[fastest]! * WORTHWHILE ? heuristic : fastest;
}

/** @returns null when aborted on the way */
async function timeVariants(gpu: Gpu, problem: ConvProblem, heuristic: string, all: boolean, signal: TuneOptions['signal']): Promise<Record<string, number> | null> {
  const { sides, dispose } = contents(gpu, problem);
  const recorded: { variant: ConvVariant; recording: Recording }[] = [];
  try {
    const { input, weight, output } = sides;
    const supports = (variant: ConvVariant): boolean => problem.pass === 'weight_grad'
      ? supportsWeightGradVariant(gpu, variant, input, output, weight)
      : supportsConvVariant(gpu, variant, weight, problem.pass === 'forward' ? output : input);
    const sensible = (variant: ConvVariant): boolean => all || variant === heuristic || !gpu.adapter.software || !isWorkgroupTile(variant);
    // The heuristic's first: the others need not be timed for long to be seen to be slower.
    const variants = CONV_VARIANTS.filter((variant) => supports(variant) && sensible(variant)).sort((a, b) => Number(b === heuristic) - Number(a === heuristic));
    // Tracing is synchronous, and what follows, compiling, runs in parallel.
    recorded.push(...(await Promise.all(variants.map(async (variant) => ({ variant, recording: (await gpu.record(() => dispatch(problem, sides, variant))).recording })))));
    const milliseconds: Record<string, number> = {};
    for (const { variant, recording } of recorded) {
      if (signal?.aborted) return null;
      milliseconds[variant] = await timeRuns(gpu, recording, Math.min(...Object.values(milliseconds)));
    }
    return milliseconds;
  } finally {
    for (const { recording } of recorded) recording.destroy();
    dispose();
  }
}

type Sides = ReturnType<typeof contents>['sides'];

function contents(gpu: Gpu, problem: ConvProblem) {
  const parts = (['input', 'weight', 'output'] as const).map((side, stream) => {
    const made = problemTensor(gpu, problem[side], `${side} to tune with`);
    fillUniform(made.whole, -1, 1, 1, stream);
    return made;
  });
  const [input, weight, output] = parts.map(({ tensor }) => tensor);
  return {
    sides: { input: input!, weight: weight!, output: output! },
    dispose: () => parts.forEach(({ whole, tensor }) => [whole, tensor].forEach((handle) => handle.dispose())),
  };
}

function dispatch({ pass, stride, padding }: ConvProblem, { input, weight, output }: Sides, variant: ConvVariant): void {
  const geometry = { stride, padding };
  if (pass === 'forward') conv2dForward(input, weight, null, geometry, output, variant);
  else if (pass === 'input_grad') conv2dInputGrad(output, weight, null, input.shape, geometry, input, variant);
  else conv2dWeightGrad(input, output, weight.shape, geometry, weight, false, variant);
}

/** Milliseconds of one run: the median of a few samples after a run to warm up. @param best of another variant */
async function timeRuns(gpu: Gpu, recording: Recording, best: number): Promise<number> {
  const sample = async (runs: number): Promise<number> => {
    const start = performance.now();
    for (let run = 0; run < runs; run++) recording.run();
    await gpu.sync();
    return (performance.now() - start) / runs;
  };
  await gpu.sync();
  const first = await sample(1);
  if (first > best * HOPELESS && first > TIMED.milliseconds) return first;
  const runs = Math.min(Math.max(Math.round(TIMED.milliseconds / first), 1), TIMED.mostRuns);
  const samples: number[] = [];
  for (let index = 0; index < TIMED.samples; index++) samples.push(await sample(runs));
  return samples.sort((a, b) => a - b)[TIMED.samples >> 1]!;
}
