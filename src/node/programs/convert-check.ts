import { noGrad } from '../../autograd/graph.js';
import { RandomStream } from '../../random.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { findNetwork, type FoundNetwork } from '../../exchange/read-weights.js';
import { ShadegradError } from '../../errors.js';
import type { Gpu } from '../../gpu/gpu.js';
import { everyOutput } from '../../models/kind.js';
import { networkKind } from '../../models/registry.js';
import { elementCount } from '../../tensor/shape.js';
import { Tensor } from '../../tensor/tensor.js';
import { openNodeGpu } from '../adapter/adapter.js';
import type { ConvertFlags, OutputFormat } from './convert-flags.js';
import { formatNumber } from '../../formats/words.js';
import { joined, openOnnx } from '../weights/onnx.js';
import { openWeights } from '../weights/read.js';
import { remark } from '../terminal/remarks.js';

/** Largest mean difference of outputs in [-1, 1] that the format's own rounding explains. */
const AGREEMENT = { f32: 1e-5, f16: 2e-2, bf16: 0.1, pict: 0.25 } as const;

/**
 * Runs the network that was read and the one that was written on the same input and says how far their outputs are apart.
 *
 * @throws WEIGHTS_MISMATCH when that is too far
 */
export async function checkOutputs(
  found: FoundNetwork,
  output: string,
  format: OutputFormat,
  { dtype, batch, adapter }: Pick<ConvertFlags, 'dtype' | 'batch' | 'adapter'>,
): Promise<void> {
  const runWritten = format === 'onnx' ? await openOnnx(output) : null;
  if (format === 'onnx' && runWritten === null) {
    remark('not compared: onnxruntime-node is not installed (npm install onnxruntime-node)');
    return;
  }
  const { gpu, adapterChoice } = await openNodeGpu(adapter === undefined ? {} : { adapter });
  try {
    remark(adapterChoice.summary);
    const images = batch === undefined || batch === 'dynamic' ? 1 : Number(batch);
    const before = await outputOf(gpu, found, images);
    const after = runWritten ? await runWritten(before.input, before.shape) : await outputOfFile(gpu, output, found);
    const { mean, largest } = differences(before.values, after);
    const allowed = AGREEMENT[format === 'pict' ? 'pict' : dtype];
    const apart = `mean difference ${formatNumber(mean)}, largest ${formatNumber(largest)}`;
    if (!(mean <= allowed)) {
      throw new ShadegradError('WEIGHTS_MISMATCH', `${output}: the network computes something else than the one it was made from`, {
        expected: `a mean difference of at most ${allowed}`,
        received: apart,
        fix: 'delete this file, and convert again with --dtype f32',
      });
    }
    remark(`outputs agree: ${apart}`);
  } finally {
    gpu.destroy();
  }
}

async function outputOfFile(gpu: Gpu, path: string, { role }: FoundNetwork): Promise<Float32Array> {
  const { file, close } = await openWeights(path);
  try {
    return (await outputOf(gpu, findNetwork(file, role), 1)).values;
  } finally {
    await close();
  }
}

interface Outcome {
  readonly input: Float32Array;
  /** Of the input: [batch, height, width, channels]. */
  readonly shape: readonly [number, number, number, number];
  readonly values: Float32Array;
}

/**
 * What a network makes of images of noise that are always the same, each by itself: so their norms take each
 * image's own statistics.
 */
async function outputOf(gpu: Gpu, { weights, statistics }: FoundNetwork, images: number): Promise<Outcome> {
  const network = await loadNetwork(gpu, weights);
  const { shape } = networkKind(weights.architecture.kind).exampleInput(network);
  const random = new RandomStream(1);
  const one = shape as readonly [number, number, number, number];
  const input = Float32Array.from({ length: images * elementCount(one) }, () => 2 * random.uniform() - 1);
  const outputs = new Map<string, Float32Array[]>();
  for (let image = 0; image < images; image++) {
    const given = Tensor.from(gpu, input.subarray(image * elementCount(one), (image + 1) * elementCount(one)), one).keep();
    const made = gpu.scope(() => noGrad(() => everyOutput(network, given, { training: false, dropout: false, statistics })));
    for (const [name, tensor] of Object.entries(made instanceof Tensor ? { output: made } : made)) {
      outputs.set(name, [...(outputs.get(name) ?? []), (await tensor.data()).slice()]);
      tensor.dispose();
    }
    given.dispose();
  }
  network.dispose();
  gpu.trim();
  return { input, shape: [images, one[1], one[2], one[3]], values: joined([...outputs.values()].flat()) };
}

function differences(a: Float32Array, b: Float32Array): { mean: number; largest: number } {
  if (a.length !== b.length) return { mean: Infinity, largest: Infinity };
  let sum = 0;
  let largest = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = Math.abs(a[i]! - b[i]!);
    sum += difference;
    // Not Math.max alone: what is no number must not pass as no difference.
    largest = Number.isNaN(difference) ? NaN : Math.max(largest, difference);
  }
  return { mean: sum / a.length, largest };
}
