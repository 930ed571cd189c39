import { parameterValues, values } from '../../kernels-test/harness/deterministic.js';
import { PatchGAN } from '../../src/models/patchgan.js';
import { ResNetGenerator } from '../../src/models/resnet.js';
import { UNet } from '../../src/models/unet.js';
import type { Module } from '../../src/nn/module.js';
import { elementCount, formatShape, type Shape } from '../../src/tensor/shape.js';
import { sampleIndices } from '../checks.js';
import { forwardElement, inputGradElement, weightGradElement, type ConvData } from '../conv2d-elements.js';
import { pix2pixMacs, resnetMacs, unetLayers, type ConvLayer } from '../layers.js';

/** What a layer's kernel computes, seen from the convolution that is not transposed. */
export type ConvPass = 'convolve' | 'adjoint' | 'weight';

export interface ConvCase {
  readonly kind: 'conv';
  readonly label: string;
  readonly macs: number;
  readonly layer: ConvLayer;
  readonly pass: ConvPass;
}

/** C = A B, all of them square. */
export interface GemmCase {
  readonly kind: 'gemm';
  readonly label: string;
  readonly macs: number;
  readonly side: number;
}

/** A generator's forward pass, or a training step, without dropout so that results can be compared. */
interface NetworkOf<Kind> {
  readonly kind: Kind;
  readonly label: string;
  readonly macs: number;
  readonly size: number;
  readonly ngf: number;
}

/** `generator` and `step` are pix2pix's; `resnet` is CycleGAN's generator, `resnet-step` fits it to one image by L1 and Adam. */
export type NetworkCase = NetworkOf<'generator'> | NetworkOf<'step'> | NetworkOf<'resnet'> | NetworkOf<'resnet-step'>;
/** Whether a case trains, so that its results are losses, of two steps. */
export const isTraining = ({ kind }: PeerCase): boolean => kind === 'step' || kind === 'resnet-step';
export type PeerCase = ConvCase | GemmCase | NetworkCase;

const HEAVY = ['e2', 'e3', 'e4', 'd5', 'd6', 'd7'];

/** Everything that peers are compared at, batch 1. */
export function peerCases({ size, ngf }: { size: number; ngf: number }): PeerCase[] {
  const convs = unetLayers({ size: 256, ngf: 64, batch: 1 })
    .filter(({ name }) => HEAVY.includes(name))
    .flatMap(convCases);
  const gemms = [960, 1024].map((side): GemmCase => ({ kind: 'gemm', label: `GEMM ${side}^3`, macs: side ** 3, side }));
  const macs = pix2pixMacs({ size, ngf, ndf: ngf, batch: 1 });
  const resnet = resnetMacs({ size, ngf, batch: 1 });
  const setting = `${size} x ${size}, ngf ${ngf}`;
  return [
    ...convs,
    ...gemms,
    { kind: 'generator', label: `generator forward, ${setting}`, macs: macs.generatorForward, size, ngf },
    { kind: 'step', label: `training step, ${setting}`, macs: macs.step, size, ngf },
    { kind: 'resnet', label: `ResNet-9 generator forward, ${setting}`, macs: resnet.forward, size, ngf },
    { kind: 'resnet-step', label: `ResNet-9 generator, training step by L1, ${setting}`, macs: resnet.step, size, ngf },
  ];
}

function convCases(layer: ConvLayer): ConvCase[] {
  const { name, transposed, input, output, macs } = layer;
  const shape = transposed
    ? `${formatShape(output)} -> ${formatShape(input)}, transposed`
    : `${formatShape(input)} -> ${formatShape(output)}`;
  const one = (what: string, pass: ConvPass): ConvCase => ({ kind: 'conv', label: `${name}: ${shape}, ${what}`, macs, layer, pass });
  return [
    one('forward', transposed ? 'adjoint' : 'convolve'),
    one('data gradient', transposed ? 'convolve' : 'adjoint'),
    one('weight gradient', 'weight'),
  ];
}

/** The operands of a convolution, NHWC and [kernel h][kernel w][in][out]; the same in every process. */
export function convOperands({ layer }: ConvCase): ConvData {
  const make = (name: string, shape: Shape): Float32Array => values(name, elementCount(shape));
  return { layer, x: make('x', layer.input), w: make('w', layer.weight), dy: make('dy', layer.output), bias: null };
}

export function gemmOperands({ side }: GemmCase): { a: Float32Array; b: Float32Array } {
  return { a: values('a', side * side), b: values('b', side * side) };
}

export interface Parameter {
  readonly shape: Shape;
  readonly data: Float32Array;
}

/** The parameters of a network by full name, in shadegrad's layouts. */
export function networkParameters(network: 'G' | 'D', { kind, size, ngf }: NetworkCase): Map<string, Parameter> {
  const generator = (): Module => (kind.startsWith('resnet') ? new ResNetGenerator({ ngf }) : new UNet({ size, ngf }));
  const module = network === 'G' ? generator() : new PatchGAN({ ndf: ngf });
  const trainable = [...module.namedTensors()].filter(([, tensor]) => tensor.trainable);
  return new Map(trainable.map(([name, { shape }]) => [name, { shape, data: parameterValues(network, name, shape) }]));
}

/** One image pair, NHWC in [-1, 1). */
export function networkImages({ size }: NetworkCase): { source: Float32Array; target: Float32Array } {
  return { source: values('source', size * size * 3), target: values('target', size * size * 3) };
}

/** A bound on |difference| / |reference| in the 2-norm. float32 sums in another order differ by far less. */
export const TOLERANCES: Record<PeerCase['kind'], number> = {
  conv: 1e-4,
  gemm: 1e-4,
  generator: 1e-3,
  step: 2e-2,
  resnet: 1e-3,
  'resnet-step': 2e-2,
};

/**
 * The relative difference of a result from float64, at elements spread over the whole; for networks from `ours`.
 *
 * @returns |difference| / |reference| in the 2-norm; NaN where lengths differ
 */
export function disagreement(peerCase: PeerCase, result: Float32Array, ours: Float32Array | null): number {
  if (peerCase.kind !== 'conv' && peerCase.kind !== 'gemm') return ours ? relative(result, ours) : NaN;
  const length = peerCase.kind === 'gemm' ? peerCase.side ** 2 : elementCount(resultShape(peerCase));
  if (result.length !== length) return NaN;
  const indices = sampleIndices(length, 96);
  const expected = referenceElement(peerCase);
  return relative(
    indices.map((index) => result[index]!),
    indices.map(expected),
  );
}

function resultShape({ layer, pass }: ConvCase): Shape {
  return { convolve: layer.output, adjoint: layer.input, weight: layer.weight }[pass];
}

function referenceElement(peerCase: ConvCase | GemmCase): (index: number) => number {
  if (peerCase.kind === 'conv') {
    const data = convOperands(peerCase);
    const element = { convolve: forwardElement, adjoint: inputGradElement, weight: weightGradElement }[peerCase.pass];
    return (index) => element(data, index);
  }
  const { side } = peerCase;
  const { a, b } = gemmOperands(peerCase);
  return (index) => {
    const row = Math.floor(index / side) * side;
    let sum = 0;
    for (let k = 0; k < side; k++) sum += a[row + k]! * b[k * side + (index % side)]!;
    return sum;
  };
}

function relative(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return NaN;
  let differences = 0;
  let squares = 0;
  for (let index = 0; index < expected.length; index++) {
    differences += (actual[index]! - expected[index]!) ** 2;
    squares += expected[index]! ** 2;
  }
  return Math.sqrt(differences / squares);
}
