import type { ConvLayer } from './layers.js';

/** Single elements of a convolution and its gradients in float64, from the definition, for shapes too large to compute whole. */
export interface ConvData {
  readonly layer: Pick<ConvLayer, 'input' | 'weight' | 'output' | 'geometry'>;
  readonly x: Float32Array;
  readonly w: Float32Array;
  readonly dy: Float32Array;
  /** Over the channels of the result, or null. */
  readonly bias: Float32Array | null;
}

/** Indices along every axis of a flat index. */
function unravel(index: number, shape: readonly number[]): number[] {
  const result = new Array<number>(shape.length);
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return result;
}

const within = (index: number, length: number): boolean => Number.isInteger(index) && index >= 0 && index < length;

/** y[n, oh, ow, co] = bias[co] + sum over kh, kw, ci of x[n, oh s + kh - p, ow s + kw - p, ci] w[kh, kw, ci, co] */
export function forwardElement({ layer: { input, weight, output, geometry }, x, w, bias }: ConvData, index: number): number {
  const [, height, width, inC] = input as [number, number, number, number];
  const [kernelH, kernelW, , outC] = weight as [number, number, number, number];
  const [n, oh, ow, co] = unravel(index, output) as [number, number, number, number];
  let sum = bias ? bias[co]! : 0;
  for (let kh = 0; kh < kernelH; kh++) {
    const ih = oh * geometry.stride[0] + kh - geometry.padding[0];
    if (!within(ih, height)) continue;
    for (let kw = 0; kw < kernelW; kw++) {
      const iw = ow * geometry.stride[1] + kw - geometry.padding[1];
      if (!within(iw, width)) continue;
      const pixel = ((n * height + ih) * width + iw) * inC;
      for (let ci = 0; ci < inC; ci++) sum += x[pixel + ci]! * w[((kh * kernelW + kw) * inC + ci) * outC + co]!;
    }
  }
  return sum;
}

/** dx[n, ih, iw, ci] = bias[ci] + sum over kh, kw, co of dy[n, (ih + p - kh) / s, (iw + p - kw) / s, co] w[kh, kw, ci, co] */
export function inputGradElement({ layer: { input, weight, output, geometry }, dy, w, bias }: ConvData, index: number): number {
  const [kernelH, kernelW, inC, outC] = weight as [number, number, number, number];
  const [, outH, outW] = output as [number, number, number, number];
  const [n, ih, iw, ci] = unravel(index, input) as [number, number, number, number];
  let sum = bias ? bias[ci]! : 0;
  for (let kh = 0; kh < kernelH; kh++) {
    const oh = (ih + geometry.padding[0] - kh) / geometry.stride[0];
    if (!within(oh, outH)) continue;
    for (let kw = 0; kw < kernelW; kw++) {
      const ow = (iw + geometry.padding[1] - kw) / geometry.stride[1];
      if (!within(ow, outW)) continue;
      const pixel = ((n * outH + oh) * outW + ow) * outC;
      const row = ((kh * kernelW + kw) * inC + ci) * outC;
      for (let co = 0; co < outC; co++) sum += dy[pixel + co]! * w[row + co]!;
    }
  }
  return sum;
}

/** dw[kh, kw, ci, co] = sum over n, oh, ow of x[n, oh s + kh - p, ow s + kw - p, ci] dy[n, oh, ow, co] */
export function weightGradElement({ layer: { input, weight, output, geometry }, x, dy }: ConvData, index: number): number {
  const [batch, height, width, inC] = input as [number, number, number, number];
  const [, outH, outW, outC] = output as [number, number, number, number];
  const [kh, kw, ci, co] = unravel(index, weight) as [number, number, number, number];
  let sum = 0;
  for (let n = 0; n < batch; n++) {
    for (let oh = 0; oh < outH; oh++) {
      const ih = oh * geometry.stride[0] + kh - geometry.padding[0];
      if (!within(ih, height)) continue;
      for (let ow = 0; ow < outW; ow++) {
        const iw = ow * geometry.stride[1] + kw - geometry.padding[1];
        if (!within(iw, width)) continue;
        sum += x[((n * height + ih) * width + iw) * inC + ci]! * dy[((n * outH + oh) * outW + ow) * outC + co]!;
      }
    }
  }
  return sum;
}
