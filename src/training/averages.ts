import { buildNetwork, architectureOf, networkKind } from '../models/registry.js';
import type { Network } from '../models/kind.js';
import { ExponentialMovingAverage } from '../optim/average.js';
import type { Optimizer } from '../optim/optimizer.js';
import { view } from '../nn/parameter-arena.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Tensor } from '../tensor/tensor.js';
import type { Networks } from './scheme.js';
import type { Own } from './trainer-parts.js';

/** Under which the state of a run has all averaged weights. */
export const AVERAGES = 'average.';

/** Under which the state of a run has the averaged weights of a network: `average.NETWORK.NAME`. */
export const averagePrefix = (network: string): string => `${AVERAGES}${network}.`;

/** What the averaged network is called where the other one has its name: `--network generatorAverage`. */
export const averageName = (network: string): string => `${network}Average`;

/** Running averages of the weights of a run's generators, each in a network of its own that can be run. */
export class Averages {
  /** The averaged networks, by the names of those that they are averages of. */
  readonly networks: Readonly<Record<string, Network>>;
  /** All of their numbers, under the names that a run keeps them by. */
  readonly state: Readonly<Record<string, Tensor>>;
  private readonly all: readonly ExponentialMovingAverage[];

  /**
   * Begins averages that follow each step of the optimisers.
   *
   * @param own has what is made given back with the rest
   */
  constructor(gpu: Gpu, networks: Networks, optimizers: Readonly<Record<string, Optimizer>>, decay: number, own: Own) {
    const generators = Object.entries<Network>(networks).filter(([, each]) => networkKind(architectureOf(each).kind).role === 'generator');
    const state: Record<string, Tensor> = {};
    const made = generators.map(([name, network]) => {
      const averaged = own(buildNetwork(architectureOf(network)).to(gpu, { training: false }));
      const average = own(new ExponentialMovingAverage(network, { decay, warmUp: true, into: averaged }));
      const trains = Object.values(optimizers).find((optimizer) => [...network.parameters()].some((each) => optimizer.trains(each)));
      if (trains) trains.afterStep = () => average.update();
      for (const [tensorName, tensor] of tensorsOf(averaged)) state[averagePrefix(name) + tensorName] = own(tensor);
      state[`averageUpdates.${name}`] = average.updates;
      return { name, averaged, average };
    });
    this.networks = Object.fromEntries(made.map(({ name, averaged }) => [name, averaged]));
    this.state = state;
    this.all = made.map(({ average }) => average);
  }

  /** Makes each average what its network is now: after that was filled with the weights of a file. */
  begin(): void {
    for (const average of this.all) average.begin();
  }

  /** Goes on from what a checkpoint has restored. */
  async restored(): Promise<void> {
    for (const average of this.all) await average.readUpdates();
  }
}

/** Views of all tensors of a network, as whole tensors without gaps. */
function tensorsOf(network: Network): [string, Tensor][] {
  const parameters = network.memory.windows.flatMap(({ values, parameters: placed }) =>
    placed.map(({ name, tensor, offset }): [string, Tensor] => [name, view(values, tensor.shape, offset)]),
  );
  return [...parameters, ...[...network.namedBuffers()].map(([name, buffer]): [string, Tensor] => [name, view(buffer, buffer.shape, 0)])];
}
