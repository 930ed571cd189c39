import type { ConvGeometry } from '../../src/kernels/conv2d/conv2d.js';
import type { Shape } from '../../src/tensor/shape.js';

/** Calls `visit` with the flat indices of every product in a convolution, straight from its definition. */
function eachProduct(
  input: Shape,
  weight: Shape,
  output: Shape,
  { stride, padding }: ConvGeometry,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [batch, inH, inW, inC] = input as [number, number, number, number];
  const [kernelH, kernelW, , outC] = weight as [number, number, number, number];
  const [, outH, outW] = output as [number, number, number, number];
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < outH; oh++)
      for (let ow = 0; ow < outW; ow++)
        for (let kh = 0; kh < kernelH; kh++)
          for (let kw = 0; kw < kernelW; kw++) {
            const ih = oh * stride[0] + kh - padding[0];
            const iw = ow * stride[1] + kw - padding[1];
            if (ih < 0 || ih >= inH || iw < 0 || iw >= inW) continue;
            for (let ci = 0; ci < inC; ci++)
              for (let co = 0; co < outC; co++)
                visit(
                  ((n * inH + ih) * inW + iw) * inC + ci,
                  ((kh * kernelW + kw) * inC + ci) * outC + co,
                  ((n * outH + oh) * outW + ow) * outC + co,
                );
          }
}

const size = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** y[n, oh, ow, co] = bias[co] + sum of x * w, in float64. */
export function conv2d(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: ConvGeometry,
): Float64Array {
  const channels = output[3]!;
  const y = Float64Array.from({ length: size(output) }, (_, index) => (bias ? bias[index % channels]! : 0));
  eachProduct(input, weight, output, geometry, (i, k, o) => (y[o]! += x[i]! * w[k]!));
  return y;
}

/** The adjoint: gradient of x; with a bias over x's channels, the transposed convolution. */
export function conv2dInputGrad(
  dy: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: ConvGeometry,
): Float64Array {
  const channels = input[3]!;
  const dx = Float64Array.from({ length: size(input) }, (_, index) => (bias ? bias[index % channels]! : 0));
  eachProduct(input, weight, output, geometry, (i, k, o) => (dx[i]! += dy[o]! * w[k]!));
  return dx;
}

/** Gradient of the weight. */
export function conv2dWeightGrad(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: ConvGeometry,
): Float64Array {
  const dw = new Float64Array(size(weight));
  eachProduct(input, weight, output, geometry, (i, k, o) => (dw[k]! += x[i]! * dy[o]!));
  return dw;
}
