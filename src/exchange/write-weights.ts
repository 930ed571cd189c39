import { encodePict } from '../formats/pict.js';
import { encodePyTorch } from '../formats/pytorch-write.js';
import type { StoredDType } from '../formats/weight-file.js';
import { ShadegradError } from '../errors.js';
import { expectOptions, withArticle } from '../checks.js';
import { describeArchitecture } from '../models/describe.js';
import type { WeightLayout } from '../nn/state-dict.js';
import type { PyTorchNames } from '../models/kind.js';
import { buildNetwork, networkKind } from '../models/registry.js';
import { encodeNetwork } from './network-file.js';
import type { NetworkWeights } from './network/network-weights.js';
import { networkToPict } from './tensorflow/pict-network.js';
import { pytorchStateDict } from './pytorch/pytorch-run.js';
import { shapesBelow } from './pytorch/reference-names.js';
import { referenceStateDict } from './pytorch/reference-network.js';
import type { FoundNetwork } from './read-weights.js';

/** The formats of one file that a network can be written in and read again. */
export type WritableFormat = 'safetensors' | 'pytorch' | 'pict';

/** Options of encodeWeights(): how numbers are stored, in formats that have a choice. */
export interface WriteOptions {
  /** The type of the numbers, in formats that have a choice. Default f32. */
  dtype?: StoredDType;
  /** The layout of the weights in a safetensors file. Default 'shadegrad'. */
  layout?: WeightLayout;
  /** The 256 values of a .pict file: those of the file that the network comes from, so that it loses nothing more. */
  codebook?: Float32Array;
}

/**
 * Encodes a file that holds one network, a tensor at a time.
 *
 * @throws WEIGHTS_UNSUPPORTED for a network that the format, or the programs that read it, do not have, and INVALID_ARGUMENT for a
 *   format or options that there are not; before the first byte
 */
export function encodeWeights(
  { weights, statistics, imageSize, ...facts }: FoundNetwork,
  format: WritableFormat,
  options: WriteOptions = {},
): AsyncIterable<Uint8Array> {
  const { dtype, layout, codebook } = expectOptions('encodeWeights', options, ['dtype', 'layout', 'codebook']);
  expectChoice(
    'format of encodeWeights',
    format,
    ['safetensors', 'pytorch', 'pict'],
    "a .pth is 'pytorch'; for .onnx there is exportOnnx()",
  );
  expectChoice('dtype of encodeWeights', dtype ?? 'f32', ['f32', 'f16', 'bf16'], "leave it out for 'f32'");
  expectChoice('layout of encodeWeights', layout ?? 'shadegrad', ['shadegrad', 'pytorch'], "leave it out for 'shadegrad'");
  switch (format) {
    case 'safetensors':
      return encodeNetwork(weights, { dtype, layout, statistics, imageSize, facts });
    case 'pict':
      return encodePict(networkToPict(weights), { codebook });
    case 'pytorch': {
      checkReference(weights);
      return encodePyTorch(pytorchStateDict(weights), { dtype: dtype as 'f32' | 'f16' | 'bf16' | undefined });
    }
  }
}

function expectChoice(what: string, value: unknown, choices: readonly string[], fix: string): void {
  if ((choices as readonly unknown[]).includes(value)) return;
  throw new ShadegradError('INVALID_ARGUMENT', what, {
    expected: choices.map((choice) => `'${choice}'`).join(', '),
    received: String(value),
    fix,
  });
}

/** @throws WEIGHTS_UNSUPPORTED unless the PyTorch reference implementation can build this network, and its file says how */
export function checkReference(weights: NetworkWeights): void {
  const { kind } = weights.architecture;
  const { pytorch, title } = networkKind(kind);
  if (!pytorch) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', `There is no PyTorch format of ${withArticle(title)} here`, {
      expected: 'for a .pth, a kind of network that is told by the names of its tensors',
      received: withArticle(title),
      fix: 'write a .safetensors, which says what it holds',
    });
  }
  const own = Object.entries(buildNetwork(weights.architecture).options);
  const read = new Map<string, unknown>(Object.entries(buildNetwork({ kind, options: optionsInFile(weights, pytorch) }).options));
  const differing = own.filter(([name, value]) => value !== read.get(name) && !pytorch.unseen?.[name]?.includes(value));
  if (differing.length === 0) return;
  const expected = differing.map(([name]) => `${name} ${String(read.get(name))}`).join(', ');
  throw notInReference(weights, expected, differing.map(([name, value]) => `${name} ${String(value)}`).join(', '));
}

/** The options that a reader of the file will take the network for. */
function optionsInFile(weights: NetworkWeights, pytorch: PyTorchNames): object {
  try {
    return pytorch.options(shapesBelow(new Map(referenceStateDict(weights).map((tensor) => [tensor.name, tensor])), ''), 'a .pth');
  } catch (error) {
    if (!(error instanceof ShadegradError) || error.code !== 'WEIGHTS_UNSUPPORTED') throw error;
    throw notInReference(weights, error.expected!, error.received!);
  }
}

function notInReference({ architecture }: NetworkWeights, expected: string, received: string): ShadegradError {
  return new ShadegradError('WEIGHTS_UNSUPPORTED', 'The PyTorch reference implementation has no such network', {
    expected,
    received: `${received}: a ${describeArchitecture(architecture)}`,
    fix: "write a .safetensors in this library's own layout, which keeps every option",
  });
}
