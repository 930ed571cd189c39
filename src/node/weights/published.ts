import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { factsOf, type NetworkFacts } from '../../exchange/network/network-facts.js';
import type { NetworkArchitecture } from '../../models/kind.js';
import type { CheckpointOptions } from '../../training/checkpoint-info.js';
import type { OpenWeights } from './read.js';

/** The file of a published folder that says what its networks are. */
export const PUBLISHED_CONFIG = 'config.json';

/** What is read of it. */
interface PublishedConfig {
  readonly library_name?: unknown;
  readonly networks?: Readonly<Record<string, { readonly file?: unknown } | undefined>>;
  readonly options?: CheckpointOptions;
}

/**
 * What the config.json beside a file of weights says of its network, where `shadegrad publish` has written one: how the run loaded images,
 * what it translated into what, how they are coded. Nothing for other folders, and for a file that the config does not name.
 */
export async function publishedFacts({ path, fileBeside }: OpenWeights, architecture: NetworkArchitecture): Promise<NetworkFacts> {
  const config = await fileBeside(PUBLISHED_CONFIG);
  if (config === undefined) return {};
  const { library_name, networks, options } = parsed(await readFile(config, 'utf8').catch(() => ''));
  if (library_name !== 'shadegrad' || typeof options !== 'object' || options === null) return {};
  const names = Object.values(networks ?? {}).map((network) => network?.file);
  if (!names.includes(basename(path))) return {};
  // The seed of the run is that of its dropout only where these are the weights that were trained: the file itself says it.
  const { drawSeed: _, ...facts } = factsOf(architecture, options);
  return facts;
}

function parsed(text: string): PublishedConfig {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
