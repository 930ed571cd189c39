import { ShadegradError } from '../errors.js';
import { Params } from '../gpu/params.js';
import { elementCount, formatShape, type Shape } from '../tensor/shape.js';
import { Tensor } from '../tensor/tensor.js';
import { joinAxes, MOST_AXES, stepsOf, type Axis } from './broadcast.js';
import { expectOperands } from './elements.js';
import * as binaryFunctions from './binary-functions.js';
import { SCALAR_TYPES, VECTOR_TYPES, type ElementFunction } from './functions.js';
import { grid, specialise } from './kernel.js';
import argReduceSource from '../../shaders/arg_reduce.wgsl';
import exponentialSource from '../../shaders/shared/exponential.wgsl';
import lanesCombinedSource from '../../shaders/shared/lanes_combined.wgsl';
import lanesKeptSource from '../../shaders/shared/lanes_kept.wgsl';
import reducedAxesSource from '../../shaders/shared/reduced_axes.wgsl';
import stretchSource from '../../shaders/shared/stretch.wgsl';
import reduceSource from '../../shaders/reduce.wgsl';

/** How a reduction combines two elements. */
export type Reduction = 'sum' | 'max' | 'min';

const FUNCTIONS: Record<Reduction, ElementFunction> = {
  sum: binaryFunctions.add,
  max: binaryFunctions.maximum,
  min: binaryFunctions.minimum,
};

/**
 * Terms that one invocation combines, in runs of 16: a chain of at most 16 + 16 additions. With four lanes and the stages after
 * it, a sum of n terms rounds at most 34 times for each factor of 256 in n.
 */
const MOST_TERMS = 256;
const FEWEST_TERMS = 32;
/** Invocations that keep a GPU busy: where there are fewer results, each is split further. */
const ENOUGH_INVOCATIONS = 4096;

/**
 * Combines the elements along `axes`, in an order that depends on the shape and the layout in memory alone.
 * @param x f32, of up to six axes, a channel slice too
 * @param axes ascending, each once; none leaves x as it is
 * @param factor what the result is multiplied with
 * @returns a tensor of the axes that are left
 * @throws INVALID_ARGUMENT
 */
export function reduceAxes(kind: Reduction, x: Tensor, axes: readonly number[], factor = 1): Tensor {
  expectReducible(kind, x);
  const walk = new ReductionWalk(x, axes);
  const shape = keptShape(x.shape, axes);
  let input = x;
  while (true) {
    const { width, folds, outputs, terms } = walk;
    const perSplit = termsPerSplit(outputs, terms);
    const splits = Math.ceil(terms / perSplit);
    const last = splits === 1;
    const lanes = folds ? 1 : width;
    const output = Tensor.empty(x.gpu, last ? shape : [splits, outputs * lanes], last ? kind : `${kind}, partial results`);
    x.gpu.dispatch({
      shader: specialise(
        `reduce(${kind}${folds ? ', lanes combined' : ''})`,
        [stretchSource, reducedAxesSource, ...FUNCTIONS[kind].sources, folds ? lanesCombinedSource : lanesKeptSource, reduceSource],
        walk.constants,
        width === 4 ? VECTOR_TYPES : SCALAR_TYPES,
      ),
      bindings: [input.read(), output.written()],
      params: walk.params(splits, perSplit, last ? factor : 1),
      workgroups: grid(splits * outputs, 64),
    });
    if (input !== x) input.dispose();
    if (last) return output;
    walk.next(splits, outputs * lanes);
    input = output;
  }
}

/**
 * Index of the largest or smallest element along `axes`, row-major among them: the first of several, the first NaN if any.
 * @param x f32, of up to six axes, a channel slice too
 * @param axes ascending, each once
 * @returns an i32 tensor of the axes that are left
 * @throws INVALID_ARGUMENT
 */
export function argReduce(kind: 'max' | 'min', x: Tensor, axes: readonly number[]): Tensor {
  expectReducible(`arg${kind}`, x);
  const walk = new ReductionWalk(x, axes, 1);
  const { outputs } = walk;
  const shape = keptShape(x.shape, axes);
  let { terms } = walk;
  let candidates: Tensor | null = null;
  while (true) {
    const perSplit = termsPerSplit(outputs, terms);
    const splits = Math.ceil(terms / perSplit);
    const last = splits === 1;
    const output: Tensor = Tensor.empty(x.gpu, last ? shape : [splits, outputs], last ? `arg${kind}` : `arg${kind}, candidates`, 'i32');
    x.gpu.dispatch({
      shader: specialise(
        `arg_reduce(${kind})`,
        [stretchSource, reducedAxesSource, exponentialSource, argReduceSource],
        { ...walk.constants, HAS_CANDIDATES: candidates !== null, SMALLEST: kind === 'min' },
        SCALAR_TYPES,
      ),
      bindings: [x.read(), candidates ? candidates.read('i32') : x.read(), output.written('i32')],
      params: walk.params(splits, perSplit, 1, terms),
      workgroups: grid(splits * outputs, 64),
    });
    candidates?.dispose();
    if (last) return output;
    terms = splits;
    candidates = output;
  }
}

/** The shape without the axes. */
export function keptShape(shape: Shape, axes: readonly number[]): Shape {
  return shape.filter((_, axis) => !axes.includes(axis));
}

function expectReducible(what: string, x: Tensor): void {
  expectOperands(what, { x });
  if (x.shape.length <= MOST_AXES) return;
  throw new ShadegradError('INVALID_ARGUMENT', `axes of the input of ${what}`, {
    expected: `at most ${MOST_AXES}`,
    received: formatShape(x.shape),
    fix: 'join neighbouring axes with reshape()',
  });
}

function termsPerSplit(outputs: number, terms: number): number {
  const wanted = Math.ceil((outputs * terms) / ENOUGH_INVOCATIONS / FEWEST_TERMS) * FEWEST_TERMS;
  return Math.min(MOST_TERMS, Math.max(FEWEST_TERMS, wanted));
}

/** The host half of shaders/shared/reduced_axes.wgsl. Lengths, steps and the base are in units of `width` elements. */
class ReductionWalk {
  width: 1 | 4;
  /** Whether the four lanes belong to one result. */
  folds: boolean;
  private kept: Axis[];
  private reduced: Axis[];
  private base: number;

  constructor(x: Tensor, axes: readonly number[], widest: 1 | 4 = 4) {
    const steps = stepsOf(x, x.shape);
    const part = (wanted: boolean): Axis[] => {
      const chosen = [...x.shape.keys()].filter((axis) => axes.includes(axis) === wanted);
      return joinAxes(
        chosen.map((axis) => x.shape[axis]!),
        [chosen.map((axis) => steps[axis]!)],
      );
    };
    this.kept = part(false);
    this.reduced = part(true);
    this.base = x.base;
    const inFours = (inner: readonly Axis[], outer: readonly Axis[]): boolean => {
      const last = inner[inner.length - 1]!;
      const others = [...inner.slice(0, -1), ...outer];
      return last.steps[0] === 1 && last.length % 4 === 0 && x.base % 4 === 0 && others.every(({ steps: [step] }) => step! % 4 === 0);
    };
    const keepsLanes = inFours(this.kept, this.reduced);
    this.folds = widest === 4 && !keepsLanes && inFours(this.reduced, this.kept);
    this.width = widest === 4 && (keepsLanes || this.folds) ? 4 : 1;
    if (this.width === 4) {
      this.base /= 4;
      const quarter = (list: Axis[], inner: boolean): Axis[] =>
        list.map(({ length, steps: [step] }, index) =>
          inner && index === list.length - 1 ? { length: length / 4, steps: [1] } : { length, steps: [step! / 4] },
        );
      this.kept = quarter(this.kept, !this.folds);
      this.reduced = quarter(this.reduced, this.folds);
    }
  }

  get outputs(): number {
    return elementCount(this.kept.map(({ length }) => length));
  }

  get terms(): number {
    return elementCount(this.reduced.map(({ length }) => length));
  }

  get constants(): { KEPT: number; REDUCED: number } {
    return { KEPT: this.kept.length, REDUCED: this.reduced.length };
  }

  /** Goes on with partial results, [splits, outputs] without gaps. */
  next(splits: number, outputs: number): void {
    // As many lanes as before wherever they belong to different results.
    this.width = this.width === 4 && !this.folds ? 4 : 1;
    this.folds = false;
    this.base = 0;
    this.kept = [{ length: outputs / this.width, steps: [1] }];
    this.reduced = [{ length: splits, steps: [outputs / this.width] }];
  }

  params(splits: number, perSplit: number, factor: number, terms = this.terms): Params {
    const rows = Array.from({ length: Math.max(this.kept.length, this.reduced.length) }, (_, index) => {
      const [kept, reduced] = [this.kept[index], this.reduced[index]];
      return [kept?.length ?? 1, kept?.steps[0] ?? 0, reduced?.length ?? 1, reduced?.steps[0] ?? 0];
    });
    return new Params().u32(...rows.flat(), this.base, this.outputs, terms, splits, perSplit).f32(factor);
  }
}
