import { ShadegradError } from '../errors.js';
import { Module } from '../nn/module.js';
import type { Generator, LabelledGenerator, Network, NetworkArchitecture, NetworkKind } from './kind.js';
import { CGAN_DISCRIMINATOR } from './cgan-discriminator.js';
import { CGAN_GENERATOR } from './cgan-generator.js';
import { CONDITIONAL_DCGAN_DISCRIMINATOR } from './conditional-dcgan-discriminator.js';
import { CONDITIONAL_DCGAN_GENERATOR } from './conditional-dcgan-generator.js';
import { DCGAN_DISCRIMINATOR } from './dcgan-discriminator.js';
import { DCGAN_GENERATOR } from './dcgan-generator.js';
import { ENCODER_DECODER } from './encoder-decoder.js';
import { GAN_DISCRIMINATOR } from './gan-discriminator.js';
import { GAN_GENERATOR } from './gan-generator.js';
import { isNoiseGenerator } from './noise.js';
import { MULTISCALE_PATCHGAN } from './multiscale-patchgan.js';
import { PATCHGAN } from './patchgan.js';
import { PIXELGAN } from './pixelgan.js';
import { RESNET } from './resnet.js';
import { SEGMENTER } from './segmenter.js';
import { STARGAN_DISCRIMINATOR } from './stargan-discriminator.js';
import { STARGAN_GENERATOR } from './stargan-generator.js';
import { UNET } from './unet.js';

const rows: NetworkKind[] = [
  ENCODER_DECODER,
  UNET,
  RESNET,
  PATCHGAN,
  MULTISCALE_PATCHGAN,
  PIXELGAN,
  DCGAN_GENERATOR,
  DCGAN_DISCRIMINATOR,
  STARGAN_GENERATOR,
  STARGAN_DISCRIMINATOR,
  GAN_GENERATOR,
  GAN_DISCRIMINATOR,
  CGAN_GENERATOR,
  CGAN_DISCRIMINATOR,
  CONDITIONAL_DCGAN_GENERATOR,
  CONDITIONAL_DCGAN_DISCRIMINATOR,
  SEGMENTER,
];

/** The parts of a row. */
const PARTS: readonly string[] = [
  'kind',
  'role',
  'title',
  'network',
  'describe',
  'exampleInput',
  'chosen',
  'pytorch',
  'layerModel',
] satisfies (keyof NetworkKind)[];

/** Every kind of network that there is: those of this library, then those that a program has registered. */
export const NETWORKS: readonly NetworkKind[] = rows;

/**
 * Adds a kind of network, so that checkpoints, files of weights, programs and exporters know it as they know the library's own.
 *
 * ```js
 * registerNetwork({ kind: 'my-net', role: 'generator', title: 'my network', network: MyNet,
 *   describe: ({ options }) => [`${options.width} channels`],
 *   exampleInput: () => ({ shape: [1, 64, 64, 3], dynamicAxes: [0, 1, 2] }) });
 * ```
 *
 * @throws INVALID_ARGUMENT for a kind or a class that has a row already, and for what is no row
 */
export function registerNetwork<N extends Network>(row: NetworkKind<N>): void {
  const { kind, role, title, network, describe, exampleInput } = row;
  const refuse = (expected: string, received: unknown, fix: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', 'a kind of network to register', { expected, received: String(received), fix });
  };
  if (typeof kind !== 'string' || kind === '') refuse('kind: a name for files, such as "my-net"', kind, 'give the row a kind');
  if (rows.some((each) => each.kind === kind || each.network === network)) {
    refuse('a kind and a class that are new', kind, 'choose another name, and register each network once');
  }
  if (role !== 'generator' && role !== 'discriminator') refuse("role: 'generator' or 'discriminator'", role, 'give the row a role');
  if (typeof title !== 'string' || title === '') refuse('title: what people call the network', title, 'give the row a title');
  const strange = Object.keys(row).find((part) => !PARTS.includes(part));
  if (strange !== undefined) refuse(`only the parts ${PARTS.join(', ')}`, strange, 'use one of these names, spelled as they are');
  for (const [name, part] of Object.entries({ network, describe, exampleInput })) {
    if (typeof part !== 'function') refuse(`${name}: a ${name === 'network' ? 'class' : 'function'}`, part, `give the row ${name}`);
  }
  if (!(network.prototype instanceof Module)) {
    refuse('network: a class that extends Module', network.name || 'a function', 'write it as docs/modules.md shows');
  }
  rows.push(row);
}

/** Those of this library: other programs know no others. */
const own: ReadonlySet<string> = new Set(rows.map(({ kind }) => kind));

/** Whether a kind is one of this library, which all its programs know. */
export const isLibraryKind = (kind: string): boolean => own.has(kind);

/** The row of a kind. @throws INVALID_ARGUMENT for one that there is not */
export function networkKind(kind: string): NetworkKind {
  const found = rows.find((row) => row.kind === kind);
  if (found) return found;
  throw new ShadegradError('INVALID_ARGUMENT', 'kind of a network', {
    expected: rows.map((row) => row.kind).join(', '),
    received: String(kind).slice(0, 80),
    fix: 'use one of these; a network of your own has to be made known by registerNetwork() first',
  });
}

/** Builds the network of an architecture, on no device yet. @throws INVALID_ARGUMENT for a kind or options that no network has */
export function buildNetwork({ kind, options }: NetworkArchitecture): Network {
  return new (networkKind(kind).network)(options as never);
}

/** The row of a network, or null for a module of a class that has none. */
export function kindOf(module: Module): NetworkKind | null {
  // Not a class that the module's extends: that one's row would build another network.
  return rows.find(({ network }) => module.constructor === network) ?? null;
}

/**
 * Tells what builds a network anew: its kind, and every option with its resolved value.
 *
 * @throws INVALID_ARGUMENT for a module of a class that has no row
 */
export function architectureOf(network: Module): NetworkArchitecture {
  const row = kindOf(network);
  if (row) return { kind: row.kind, options: (network as Network).options };
  throw new ShadegradError('INVALID_ARGUMENT', `a ${network.constructor.name} is of no kind that is known`, {
    expected: `one of ${rows.map(({ title }) => title).join(', ')}`,
    received: network.constructor.name,
    fix: 'make its class known by registerNetwork(), or save it with encodeModule(), which asks for no kind',
  });
}

/**
 * The options in which an architecture differs from its kind's defaults: all that a description has to say.
 *
 * @throws INVALID_ARGUMENT for a kind or options that no network has
 */
export function differingOptions(architecture: NetworkArchitecture): Readonly<Record<string, unknown>> {
  const defaults = new Map<string, unknown>(Object.entries(buildNetwork({ kind: architecture.kind, options: {} }).options));
  return Object.fromEntries(Object.entries(buildNetwork(architecture).options).filter(([name, value]) => defaults.get(name) !== value));
}

/** Whether a network translates images, given nothing else. */
export function isGenerator(network: Network): network is Generator {
  return translates(network) && !('labels' in network);
}

/** Whether a network translates images to what labels say. */
export function isLabelledGenerator(network: Network): network is LabelledGenerator {
  return translates(network) && 'labels' in network;
}

/** The number of labels that a network is told, beside an image or random numbers; 0 for one that takes none. */
export function labelCount(network: Network): number {
  if (isLabelledGenerator(network)) return network.labels;
  return isNoiseGenerator(network) ? network.takes.labels : 0;
}

const translates = (network: Network): boolean => kindOf(network)?.role === 'generator' && 'imageSizes' in network;
