import { basename } from 'node:path';
import { exportOnnx, type OnnxOptions } from '../../exchange/onnx/export-network.js';
import { loadNetwork } from '../../exchange/network/load-network.js';
import { exportModuleOnnx, type OnnxModuleOptions } from '../../exchange/onnx/export-module.js';
import { batchNormOfEach } from '../../exchange/onnx/norm-operations.js';
import type { FoundNetwork } from '../../exchange/read-weights.js';
import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { OnnxFiles } from '../../formats/onnx.js';
import type { Gpu } from '../../gpu/gpu.js';
import { everyOutput } from '../../models/kind.js';
import { networkKind } from '../../models/registry.js';
import type { Module } from '../../nn/module.js';
import { writeFilesAtomic } from '../files/atomic.js';

/** Options of writeOnnx(): how many images the model takes, how its weights are stored, and where. */
export interface WriteOnnxOptions extends Pick<OnnxOptions, 'batch' | 'dtype'> {
  /** Whether to put the weights beside the model, into a file of its name with .data after it. Default false. */
  external?: boolean;
}

/**
 * Writes a network as an ONNX model that uses the statistics it was found with; whole or not at all, the file of the
 * weights before the model that names it.
 *
 * @returns the files written
 * @throws WRITE_FAILED, WEIGHTS_UNSUPPORTED, and what reading the weights throws
 */
export async function writeOnnx(
  { weights, statistics }: FoundNetwork,
  path: string,
  { external = false, ...options }: WriteOnnxOptions,
): Promise<string[]> {
  const files = { ...options, statistics: statistics === 'running' ? ('running' as const) : ('image' as const), ...beside(path, external) };
  return writeFiles(path, exportOnnx(weights, files));
}

/**
 * Writes a network of any kind as an ONNX model, by tracing it on a device; whole or not at all. Its norms use the statistics it was
 * found with: each image's own, so that a batch gives what its images give one by one, or the running ones.
 *
 * @returns the files written
 * @throws WRITE_FAILED, WEIGHTS_UNSUPPORTED, what loadNetwork() throws
 */
export async function traceOnnx(
  gpu: Gpu,
  { weights, statistics }: FoundNetwork,
  path: string,
  { batch = 'dynamic', dtype, external }: WriteOnnxOptions,
): Promise<string[]> {
  const network = await loadNetwork(gpu, weights);
  try {
    const { shape, dynamicAxes } = networkKind(weights.architecture.kind).exampleInput(network);
    return await saveOnnx(path, network, {
      input: [batch === 'dynamic' ? 1 : batch, ...shape.slice(1)],
      forward: ({ input }) => everyOutput(network, input!, { training: false, dropout: false, statistics }),
      dynamicAxes: dynamicAxes.filter((axis) => axis !== 0 || batch === 'dynamic'),
      ...(statistics !== 'running' && { operations: { batchNorm: batchNormOfEach } }),
      ...(dtype && { dtype }),
      ...(external !== undefined && { external }),
    });
  } finally {
    network.dispose();
  }
}

/** Options of saveOnnx(): those of exportModuleOnnx(), and whether the weights lie beside the model. */
export interface SaveOnnxOptions<Name extends string = string> extends Omit<OnnxModuleOptions<Name>, 'external'> {
  /** Puts the weights beside the model, into a file of its name with .data after it. Without it a model ends at 2 GiB. Default false. */
  external?: boolean;
}

/**
 * Saves a module of known operations as an ONNX model, by tracing it as exportModuleOnnx() does; whole or not at all, the file of the
 * weights before the model that names it.
 *
 * ```js
 * await saveOnnx('classifier.onnx', network, { input: [1, 224, 224, 3] });
 * ```
 *
 * @returns the files written
 * @throws WRITE_FAILED, and as exportModuleOnnx(): nothing is written then
 */
export async function saveOnnx<Name extends string = 'input'>(
  path: string,
  module: Module,
  options: SaveOnnxOptions<Name>,
): Promise<string[]> {
  if (typeof path !== 'string') {
    throw new ShadegradError('INVALID_ARGUMENT', 'file of an ONNX export', {
      expected: 'a path, then the module, then the options',
      received: typeof path,
      fix: "saveOnnx('network.onnx', network, { input: [1, 64, 64, 3] })",
    });
  }
  const { external = false, ...others } = options ?? {};
  return writeFiles(path, await exportModuleOnnx(module, { ...others, ...beside(path, external) } as OnnxModuleOptions<Name>));
}

const beside = (path: string, external: boolean): Pick<OnnxModuleOptions, 'external'> =>
  external ? { external: { fileName: `${basename(path)}.data` } } : {};

async function writeFiles(path: string, { model, data }: OnnxFiles): Promise<string[]> {
  const files: [string, AsyncIterable<Uint8Array>][] = [[path, model.encode()]];
  if (data) files.unshift([`${path}.data`, data.encode()]);
  await writeFilesAtomic(files);
  return files.map(([name]) => name);
}

/** Not a dependency: a name that is not written out lets the compiler and bundlers do without it. */
const RUNTIME: string = 'onnxruntime-node';

interface OnnxTensorValue {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

/** What is used of onnxruntime-node. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(
      path: string,
      options: { executionProviders: readonly string[] },
    ): Promise<{
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
      run(inputs: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, OnnxTensorValue>>>;
    }>;
  };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
}

/**
 * Runs an ONNX model on images; of several outputs it gives one after the other.
 *
 * @param shape [batch, height, width, channels], as this library has it
 */
export type OnnxRunner = (values: Float32Array, shape: readonly [number, number, number, number]) => Promise<Float32Array>;

/**
 * What runs an ONNX model on the processor: onnxruntime-node, if it is installed; null where it is not.
 *
 * @throws WEIGHTS_MISMATCH when it does not take the model
 */
export async function openOnnx(path: string): Promise<OnnxRunner | null> {
  const runtime = (await import(RUNTIME).catch(() => null)) as (OnnxRuntime & { default?: OnnxRuntime }) | null;
  if (runtime === null) return null;
  // It is a CommonJS module, whose exports Node may find under "default" alone.
  const { InferenceSession, Tensor } = runtime.default ?? runtime;
  const refused = (error: unknown): never => {
    throw new ShadegradError('WEIGHTS_MISMATCH', `${path}: ONNX Runtime does not take the model`, {
      received: oneLine(String(error), 300),
      fix: 'update onnxruntime-node, or convert with --no-check and try the model where it is to run',
    });
  };
  const session = await InferenceSession.create(path, { executionProviders: ['cpu'] }).catch(refused);
  return async (values, [batch, height, width, channels]) => {
    const input = new Tensor('float32', toPlanes(values, batch, height * width, channels), [batch, channels, height, width]);
    const made = await session.run({ [session.inputNames[0]!]: input }).catch(refused);
    return joined(
      session.outputNames.map((name) => {
        const { dims, data } = made[name]!;
        const [images, planes, rows = 1, columns = 1] = dims as [number, number, number?, number?];
        return fromPlanes(data, images, rows * columns, planes);
      }),
    );
  };
}

/** The numbers of several tensors one after the other. */
export function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** [batch, pixels, channels] to [batch, channels, pixels]. */
function toPlanes(values: Float32Array, batch: number, pixels: number, channels: number): Float32Array {
  const result = new Float32Array(values.length);
  let from = 0;
  for (let image = 0; image < batch; image++) {
    for (let pixel = 0; pixel < pixels; pixel++) {
      for (let channel = 0; channel < channels; channel++) result[(image * channels + channel) * pixels + pixel] = values[from++]!;
    }
  }
  return result;
}

/** The way back. */
const fromPlanes = (values: Float32Array, batch: number, pixels: number, channels: number): Float32Array =>
  toPlanes(values, batch, channels, pixels);
