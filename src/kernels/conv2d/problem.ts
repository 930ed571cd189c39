import type { Gpu } from '../../gpu/gpu.js';
import { elementCount, type Shape } from '../../tensor/shape.js';
import { Tensor, type DType } from '../../tensor/tensor.js';
import type { ConvGeometry } from './shape.js';

/** The three products of a convolution. */
export type ConvPass = 'forward' | 'input_grad' | 'weight_grad';

/** All of a tensor that the choice of a variant can depend on. */
export interface ProblemTensor {
  readonly shape: Shape;
  /** Elements from one row to the next. */
  readonly rowStride: number;
  /** First element's distance from a whole vector: 0 to 3. */
  readonly misaligned: number;
  readonly dtype: DType;
}

/** A convolution without its contents. "Input" is the side read forward: of a transposed one, its output. */
export interface ConvProblem extends ConvGeometry {
  readonly pass: ConvPass;
  readonly input: ProblemTensor;
  readonly weight: ProblemTensor;
  readonly output: ProblemTensor;
}

/** Where a tensor lies. Not a part of Tensor's type: published declarations do not have all of these. */
export interface Placed {
  readonly shape: Shape;
  readonly rowStride: number;
  readonly offset: number;
  readonly dtype: DType;
}

// What is said of no type is f32, as in the files of earlier tunings.
export const placeOf = ({ shape, rowStride, offset, dtype }: Placed): string =>
  `${shape.join('x')}/${rowStride}+${offset % 4}${dtype === 'f16' ? 'h' : ''}`;

/** Names a problem, such as `conv2d forward x1x8x8x64/64+0 w4x4x64x128/128+0 y1x4x4x128/256+0 s2x2 p1x1`. */
export function convProblemKey(pass: ConvPass, input: Placed, weight: Placed, output: Placed, { stride, padding }: ConvGeometry): string {
  return `conv2d ${pass} x${placeOf(input)} w${placeOf(weight)} y${placeOf(output)} s${stride.join('x')} p${padding.join('x')}`;
}

/** Matches what placeOf() writes of a tensor, in four groups: tensorIn() reads them. */
export const PLACE = String.raw`(\d+(?:x\d+)*)/(\d+)\+([0-3])(h?)`;

/** The tensor of the four groups of PLACE from one on. */
export const tensorIn = (found: readonly string[], at: number): ProblemTensor => ({
  shape: found[at]!.split('x').map(Number),
  rowStride: Number(found[at + 1]),
  misaligned: Number(found[at + 2]),
  dtype: found[at + 3] === 'h' ? 'f16' : 'f32',
});

const KEY = new RegExp(String.raw`^conv2d (forward|input_grad|weight_grad) x${PLACE} w${PLACE} y${PLACE} s(\d+)x(\d+) p(\d+)x(\d+)$`);

/** The problem of a name; null for a name of something else. */
export function parseConvProblem(key: string): ConvProblem | null {
  const found = KEY.exec(key)?.slice(1);
  if (!found) return null;
  const [input, weight, output] = [1, 5, 9].map((at) => tensorIn(found, at)) as [ProblemTensor, ProblemTensor, ProblemTensor];
  if ([input, weight, output].some(({ shape }) => shape.length !== 4)) return null;
  const pair = (at: number): [number, number] => [Number(found[at]), Number(found[at + 1])];
  return { pass: found[0] as ConvPass, input, weight, output, stride: pair(13), padding: pair(15) };
}

/** A tensor placed in its memory as the problem's, with undefined contents; its whole memory is returned with it. */
export function problemTensor(
  gpu: Gpu,
  { shape, rowStride, misaligned, dtype }: ProblemTensor,
  label: string,
): { whole: Tensor; tensor: Tensor } {
  const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
  const whole = Tensor.empty(gpu, [misaligned + rows * rowStride], label, dtype);
  return { whole, tensor: new Tensor({ gpu, storage: whole.storage.retain(), shape, dtype, offset: misaligned, rowStride }) };
}

/** Multiply-adds of a pass, counting those at the border too. */
export const convMultiplications = (output: Shape, weight: Shape): number => elementCount(output.slice(0, 3)) * elementCount(weight);

/** As convMultiplications(), of a problem. */
export const convWork = ({ output, weight }: ConvProblem): number => convMultiplications(output.shape, weight.shape);
