/** Convolutions with dilation and groups in float64, straight from the definition. */

type Shape = readonly number[];

interface Geometry {
  stride: Shape;
  padding: Shape;
  dilation: Shape;
  groups: number;
}

/** Calls `visit` with the flat indices of every product. */
export function eachProduct(
  input: Shape,
  weight: Shape,
  output: Shape,
  { stride, padding, dilation, groups }: Geometry,
  visit: (x: number, w: number, y: number) => void,
): void {
  const [batch, inH, inW, inC] = input as [number, number, number, number];
  const [kernelH, kernelW, inGroup, outC] = weight as [number, number, number, number];
  const [, outH, outW] = output as [number, number, number, number];
  for (let n = 0; n < batch; n++)
    for (let oh = 0; oh < outH; oh++)
      for (let ow = 0; ow < outW; ow++)
        for (let kh = 0; kh < kernelH; kh++)
          for (let kw = 0; kw < kernelW; kw++) {
            const ih = oh * stride[0]! + kh * dilation[0]! - padding[0]!;
            const iw = ow * stride[1]! + kw * dilation[1]! - padding[1]!;
            if (ih < 0 || ih >= inH || iw < 0 || iw >= inW) continue;
            for (let co = 0; co < outC; co++) {
              const first = Math.floor(co / (outC / groups)) * inGroup;
              for (let k = 0; k < inGroup; k++) {
                visit(
                  ((n * inH + ih) * inW + iw) * inC + first + k,
                  ((kh * kernelW + kw) * inGroup + k) * outC + co,
                  ((n * outH + oh) * outW + ow) * outC + co,
                );
              }
            }
          }
}

const filled = (shape: Shape, bias: ArrayLike<number> | null): Float64Array =>
  Float64Array.from({ length: shape.reduce((product, length) => product * length, 1) }, (_, index) =>
    bias ? bias[index % shape.at(-1)!]! : 0,
  );

export function conv2d(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: Geometry,
): Float64Array {
  const y = filled(output, bias);
  eachProduct(input, weight, output, geometry, (i, k, o) => (y[o]! += x[i]! * w[k]!));
  return y;
}

/** The adjoint, from `output` to `input`. */
export function convTranspose2d(
  y: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: Geometry,
): Float64Array {
  const x = filled(input, bias);
  eachProduct(input, weight, output, geometry, (i, k, o) => (x[i]! += y[o]! * w[k]!));
  return x;
}

export function weightGrad(
  x: ArrayLike<number>,
  dy: ArrayLike<number>,
  input: Shape,
  weight: Shape,
  output: Shape,
  geometry: Geometry,
): Float64Array {
  const dw = filled(weight, null);
  eachProduct(input, weight, output, geometry, (i, k, o) => (dw[k]! += x[i]! * dy[o]!));
  return dw;
}
