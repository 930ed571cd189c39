import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import type { NetworkArchitecture } from '../models/kind.js';
import { buildNetwork } from '../models/registry.js';
import type { AdamSettings } from '../optim/adam.js';
import { Optimizer } from '../optim/optimizer.js';
import type { ParameterGroup } from '../optim/parameter-group.js';
import { Tensor } from '../tensor/tensor.js';
import type { ImageSide, Networks, TrainingScheme } from './scheme.js';
import { described } from '../checks.js';

/** Has a part given back with the rest, also where what comes after it fails. */
export type Own = <T extends { dispose(): void }>(part: T) => T;

/**
 * Makes the optimisers of a scheme for its networks.
 *
 * @throws INVALID_ARGUMENT for one of no network of the scheme, or that trains something else than it
 */
export function makeOptimizers<O extends object, N extends Networks>(
  scheme: TrainingScheme<O, N>,
  networks: N,
  options: O & { readonly learningRate: number },
  own: Own,
): Record<string, Optimizer> {
  const entries = Object.entries(scheme.optimizers).map(([name, row]): [string, Optimizer] => {
    const network = Object.hasOwn(networks, row.network) ? networks[row.network] : undefined;
    if (!network) {
      throw new ShadegradError('INVALID_ARGUMENT', `network that ${name} of ${scheme.title} trains`, {
        expected: `one of ${Object.keys(networks).join(', ')}`,
        received: String(row.network),
        fix: 'name a network that networks() of the scheme gives',
      });
    }
    const optimizer = row.create(network, options);
    if (optimizer instanceof Optimizer) own(optimizer);
    expectTrains(`${name} of ${scheme.title}`, row.network, network, optimizer);
    return [name, optimizer];
  });
  return Object.fromEntries(entries);
}

/**
 * Gives optimisers other betas than those that the scheme made them with.
 *
 * @throws INVALID_ARGUMENT for an optimiser that has none
 */
export function setBetas(
  { title }: Pick<TrainingScheme, 'title'>,
  optimizers: Readonly<Record<string, Optimizer>>,
  { beta1, beta2 }: { readonly beta1?: number; readonly beta2?: number },
): void {
  if (beta1 === undefined && beta2 === undefined) return;
  const groups = Object.entries(optimizers).flatMap(([name, optimizer]) => optimizer.groups.map((group) => ({ name, group })));
  for (const { name, group } of groups) {
    const { betas } = group.options as Partial<AdamSettings>;
    if (betas === undefined) {
      throw new ShadegradError('INVALID_ARGUMENT', `${beta1 === undefined ? 'beta2' : 'beta1'} of ${title}`, {
        expected: 'an Adam for each network',
        received: `${name}, which is none`,
        fix: 'leave beta1 and beta2 out, or train with Adam',
      });
    }
    (group as unknown as ParameterGroup<AdamSettings>).change({ betas: [beta1 ?? betas[0], beta2 ?? betas[1]] });
  }
}

/**
 * Makes the tensors that a scheme keeps beside its networks, or that the host writes for each step; in a scope, so that what is made on
 * the way is given back.
 *
 * @throws INVALID_ARGUMENT for what is no tensor, and for state that checkpoints cannot hold
 */
export function makeTensors(
  gpu: Gpu,
  scheme: Pick<TrainingScheme, 'title'>,
  part: 'state' | 'inputs',
  make: () => Readonly<Record<string, Tensor>> | undefined,
  own: Own,
): Readonly<Record<string, Tensor>> {
  const made = gpu.scope(make) ?? {};
  for (const [name, tensor] of Object.entries(made)) {
    if (!(tensor instanceof Tensor)) throw otherPart(scheme, `${part}() of ${name}`, 'a tensor', tensor);
    own(tensor.keep());
    if (part === 'state' && tensor.dtype !== 'f32') {
      throw otherPart(scheme, `type of state ${name}`, 'f32, as checkpoints hold', tensor.dtype);
    }
  }
  return made;
}

/** @throws INVALID_ARGUMENT for a side of no half, or of channels that its images do not have */
export function expectSides(
  scheme: Pick<TrainingScheme, 'title'>,
  sides: Readonly<Record<string, ImageSide>>,
): Readonly<Record<string, ImageSide>> {
  for (const [name, side] of Object.entries(sides)) {
    if (side?.half !== 'a' && side?.half !== 'b') throw otherPart(scheme, `half of side ${name}`, "'a' or 'b'", side?.half);
    const { channels, role, holds } = side;
    if (role !== undefined && role !== 'input' && role !== 'target') {
      throw otherPart(scheme, `role of side ${name}`, "'input' or 'target', or none", role);
    }
    if (holds !== undefined && holds !== 'colours' && holds !== 'other') {
      throw otherPart(scheme, `what side ${name} holds`, "'colours' or 'other', or nothing said", holds);
    }
    const fits = side.encode ? Number.isSafeInteger(channels) && channels >= 1 : channels === 1 || channels === 3;
    if (!fits) throw otherPart(scheme, `channels of side ${name}`, '1 or 3, or with encode() any whole number from 1 up', channels);
  }
  return sides;
}

/** How much is dropped may be an option of the scheme, too. */
const NOT_OF_THE_NETWORK: ReadonlySet<string> = new Set(['dropout']);

/** @throws INVALID_ARGUMENT for a scheme that trains others than the networks it was given */
export function expectGiven(
  { title }: Pick<TrainingScheme, 'title'>,
  given: Readonly<Partial<Record<string, NetworkArchitecture>>>,
  taken: Readonly<Record<string, NetworkArchitecture>>,
): void {
  for (const [name, architecture] of Object.entries(given)) {
    if (!architecture) continue;
    const optionsOf = (each: NetworkArchitecture): string =>
      JSON.stringify(Object.entries(buildNetwork(each).options).filter(([option]) => !NOT_OF_THE_NETWORK.has(option)));
    const own = taken[name]!;
    if (own.kind === architecture.kind && optionsOf(own) === optionsOf(architecture)) continue;
    throw new ShadegradError('INVALID_ARGUMENT', `what networks() of ${title} makes of a given ${name}`, {
      expected: JSON.stringify(architecture),
      received: JSON.stringify(own),
      fix: 'let networks() of the scheme take the architectures that it is given',
    });
  }
}

/** @throws INVALID_ARGUMENT for what is no optimiser, or is one of something else: nothing would be trained, and nothing said */
function expectTrains(what: string, name: string, network: Networks[string], optimizer: unknown): void {
  const trains = optimizer instanceof Optimizer && [...network.parameters()].every((parameter) => optimizer.trains(parameter));
  if (trains) return;
  throw new ShadegradError('INVALID_ARGUMENT', `what create() of ${what} returns`, {
    expected: `an optimiser of all parameters of ${name}`,
    received: optimizer instanceof Optimizer ? 'an optimiser of other tensors' : described(optimizer),
    fix: 'return an optimiser of the network that create() is given: new Adam(network, { learningRate })',
  });
}

/** The error for a part of a scheme that is not what it should be. */
export function otherPart({ title }: Pick<TrainingScheme, 'title'>, what: string, expected: string, received: unknown): ShadegradError {
  return new ShadegradError('INVALID_ARGUMENT', `${what} in the training scheme ${title}`, {
    expected,
    received: described(received),
    fix: 'see docs/schemes.md for the parts of a scheme',
  });
}
