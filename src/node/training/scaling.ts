import { formatCountOf } from '../../formats/words.js';

/** What has become of the updates of weights of a run in f16. */
export interface Scaling {
  /** Updates that were left out, because a gradient was not finite. */
  readonly leftOut: number;
  /** What losses are multiplied by now. */
  readonly scale: number;
}

/** Twenty halvings below where a training begins: gradients that are not finite even so will not become it. */
const LEAST_SCALE = 2 ** -10;

/** What is wrong with a run in f16 whose weights have stopped changing; undefined where they still change, and in f32. */
export function scalingWarning(scaling: Scaling | null): string | undefined {
  if (!scaling || scaling.scale >= LEAST_SCALE) return undefined;
  const left = `${formatCountOf(scaling.leftOut, 'update')} of weights left out so far`;
  return (
    `gradients are not finite in f16, however small the losses are made (the loss scale has fallen to ${scaling.scale.toExponential(1)}; ` +
    `${left}): the networks learn nothing. Begin again with --precision f32, or with smaller weights of the losses`
  );
}

/** What a run in f16 says of its updates at its end; undefined where none was left out. */
export function scalingNote(scaling: Scaling | null): string | undefined {
  if (!scaling || scaling.leftOut === 0) return undefined;
  const left = `${formatCountOf(scaling.leftOut, 'update')} of weights left out, whose gradients were not finite in f16`;
  return scalingWarning(scaling) ?? `${left}; the loss scale is ${scaling.scale} now`;
}
