import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import * as sg from '../../src/index.js';
import { Module, Tensor, type ForwardOptions, type Shape } from '../../src/index.js';
import { saveOnnx, type SaveOnnxOptions } from '../../src/node/weights/onnx.js';
import { elementCount, values } from './deterministic.js';
import { assertClose } from './golden.js';

interface OrtTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array | Int32Array;
  readonly type: string;
}
interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Record<string, unknown>): Promise<Record<string, OrtTensor>>;
}
export const ort = createRequire(import.meta.url)('onnxruntime-node') as {
  InferenceSession: { create(path: string, options: object): Promise<OrtSession> };
  Tensor: new (type: string, data: Float32Array | Int32Array, dims: readonly number[]) => unknown;
};

let models = 0;

/** ONNX Runtime with a module that was saved as a model. */
export async function session(folder: string, module: Module, options: SaveOnnxOptions): Promise<OrtSession> {
  const path = join(folder, `${models++}.onnx`);
  const files = await saveOnnx(path, module, options);
  assert.equal(files, options.external ? [`${path}.data`, path] : [path]);
  return ort.InferenceSession.create(path, { executionProviders: ['cpu'], logSeverityLevel: 3 });
}

/** [batch, h, w, c] to [batch, c, h, w]; other ranks stay. */
export function planes(numbers: Float32Array | Int32Array, shape: Shape): { numbers: Float32Array | Int32Array; shape: number[] } {
  if (shape.length !== 4) return { numbers, shape: [...shape] };
  const [n, h, w, c] = shape as [number, number, number, number];
  const result = numbers.slice();
  for (let i = 0; i < numbers.length; i++) {
    const [channel, pixel, image] = [i % c, Math.floor(i / c) % (h * w), Math.floor(i / (c * h * w))];
    result[(image * c + channel) * h * w + pixel] = numbers[i]!;
  }
  return { numbers: result, shape: [n, c, h, w] };
}

/** A module of a function, with parameters of given shapes. */
export class Made extends Module {
  private readonly weights: Record<string, sg.Parameter> = {};

  constructor(
    shapes: Record<string, Shape>,
    private readonly run: (x: Tensor, weights: Record<string, Tensor>, options: ForwardOptions) => Tensor,
  ) {
    super();
    for (const [name, shape] of Object.entries(shapes)) this.weights[name] = this.parameter(name, shape, sg.uniform(0.1, 0.6));
  }

  forward(x: Tensor, options: ForwardOptions = {}): Tensor {
    return this.run(x, Object.fromEntries(Object.entries(this.weights).map(([name, { value }]) => [name, value])), options);
  }
}

export const numbersFor = (shape: Shape): Float32Array => values('input', elementCount(shape));

/** The model computes what the module does, for each of the shapes. */
export async function agrees(
  folder: string,
  label: string,
  module: Module & { forward(x: Tensor, options?: ForwardOptions): Tensor },
  shapes: readonly Shape[],
  options: Partial<SaveOnnxOptions> = {},
  absolute = 1e-5,
): Promise<void> {
  const model = await session(folder, module, { input: shapes[0]!, ...options });
  assert.equal([...model.inputNames, ...model.outputNames], ['input', 'output']);
  const { gpu } = module.parameters()[0]!;
  for (const shape of shapes) {
    const numbers = numbersFor(shape);
    const given = Tensor.from(gpu, numbers, shape);
    const made = gpu.scope(() => sg.noGrad(() => module.forward(given, { training: false })));
    const expected = planes(made.dtype === 'i32' ? await made.ints() : await made.data(), made.shape);
    const images = planes(numbers, shape);
    const { output } = await model.run({ input: new ort.Tensor('float32', images.numbers, images.shape) });
    assert.equal([...output!.dims], expected.shape, `${label}: shape of ${shape}`);
    assertClose(Float32Array.from(output!.data), Float32Array.from(expected.numbers), {
      absolute,
      relative: 1e-5,
      label: `${label} ${shape}`,
    });
    for (const tensor of [given, made]) tensor.dispose();
  }
}
