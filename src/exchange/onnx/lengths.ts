import { oneLine, quoteName } from '../../formats/names.js';
import { ShadegradError, type ErrorCode } from '../../errors.js';
import { formatShape } from '../../tensor/shape.js';
import type { Trace, TraceInput } from './trace.js';

/** What a function takes, by name. */
export type Inputs = ReadonlyMap<string, TraceInput>;
/** The axes of each input that may have any length. */
export type Axes = ReadonlyMap<string, readonly number[]>;

/**
 * Traces of inputs with other lengths: all that may have any length longer, then each by itself, doubled and longer by one, where the
 * module takes it so. Only together they tell which of several lengths another follows from.
 *
 * @returns the traces, and the axes of which each input may have a length of its own
 * @throws INVALID_ARGUMENT for a module that does not run for longer axes; WEIGHTS_UNSUPPORTED as traceModule(); LIMIT_EXCEEDED,
 *   OUT_OF_MEMORY and what else the device refuses longer inputs with
 */
export async function otherLengths(
  inputs: Inputs,
  axes: Axes,
  trace: (given: Inputs) => Promise<Trace>,
): Promise<{ others: Trace[]; apart: ReadonlySet<number> }> {
  const longer = longerInputs(inputs, axes);
  const others = [
    await trace(longer).catch((error: unknown) => {
      throw tellsOfLengths(error) ? notLonger(longer, error) : error;
    }),
  ];
  const tried = async (isGrown: (name: string, axis: number) => boolean): Promise<boolean> => {
    let taken = false;
    for (const grow of [(length: number) => 2 * length, (length: number) => length + 1]) {
      const traced = await trace(
        grownInputs(inputs, (name, axis) => (isGrown(name, axis) && axes.get(name)!.includes(axis) ? grow : null)),
      ).catch((error: unknown) => {
        // What the module does not take it cannot be run for; what cannot be exported would be something else in the model.
        if (!tellsOfLengths(error)) throw error;
        return null;
      });
      if (traced) others.push(traced);
      taken ||= traced !== null;
    }
    return taken;
  };
  const apart = new Set<number>();
  for (const axis of new Set([...axes.values()].flat())) {
    await tried((_, each) => each === axis);
    const having = [...axes].filter(([, each]) => each.includes(axis)).map(([name]) => name);
    if (axis === 0 || having.length < 2) continue;
    let alone = true;
    for (const one of having) alone = (await tried((name, each) => each === axis && name === one)) && alone;
    if (alone) apart.add(axis);
  }
  return { others, apart };
}

/** What fails for other reasons than the lengths: an operation that cannot be exported, and a device that is too small or gone. */
const OTHER_REASONS: ReadonlySet<ErrorCode> = new Set([
  'WEIGHTS_UNSUPPORTED',
  'LIMIT_EXCEEDED',
  'OUT_OF_MEMORY',
  'DEVICE_LOST',
  'GPU_VALIDATION',
  'SHADER_COMPILE',
]);

/** Whether a module that throws this does not run for the lengths that it was given. */
const tellsOfLengths = (error: unknown): boolean => !(error instanceof ShadegradError && OTHER_REASONS.has(error.code));

/** Inputs with other lengths, those that `growthOf` has a function for. */
function grownInputs(
  inputs: Inputs,
  growthOf: (name: string, axis: number) => ((length: number) => number) | null,
): Map<string, TraceInput> {
  return new Map(
    [...inputs].map(([name, { shape, dtype }]) => [
      name,
      { dtype, shape: shape.map((length, axis) => growthOf(name, axis)?.(length) ?? length) },
    ]),
  );
}

/**
 * Inputs with longer axes, in which no two axes that may have any length grow from one length to one other: a length that follows
 * from one of them is told apart from those that follow from the others.
 */
function longerInputs(inputs: Inputs, axes: Axes): Map<string, TraceInput> {
  const taken = new Set<string>();
  const grown = new Map<number, (length: number) => number>();
  for (const axis of [...new Set([...axes.values()].flat())].sort((a, b) => a - b)) {
    for (let step = 1; !grown.has(axis); step++) {
      const grow = axis === 0 ? (length: number) => length + step : (length: number) => (step + 1) * length;
      const lengths = [...inputs].filter(([name]) => axes.get(name)!.includes(axis)).map(([, { shape }]) => shape[axis]!);
      const growths = lengths.map((length) => `${length} to ${grow(length)}`);
      if (growths.some((growth) => taken.has(growth))) continue;
      for (const growth of growths) taken.add(growth);
      grown.set(axis, grow);
    }
  }
  return grownInputs(inputs, (name, axis) => (axes.get(name)!.includes(axis) ? grown.get(axis)! : null));
}

function notLonger(inputs: ReadonlyMap<string, TraceInput>, error: unknown): ShadegradError {
  const shapes = [...inputs].map(([name, { shape }]) => `${quoteName(name)} ${formatShape(shape)}`).join(' and ');
  return new ShadegradError('INVALID_ARGUMENT', 'dynamicAxes of an ONNX export', {
    expected: `a module that runs for longer axes, too: for ${shapes}`,
    received: oneLine(error instanceof Error ? error.message : String(error), 300),
    fix: 'leave the axis out of dynamicAxes, which is [0], the batch, unless it is said; dynamicAxes: [] exports the input as it is',
  });
}
