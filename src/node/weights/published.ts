import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { ShadegradError } from '../../errors.js';
import { factsOf, type NetworkFacts } from '../../exchange/network/network-facts.js';
import { oneLine, printableName } from '../../formats/names.js';
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
 *
 * @throws WEIGHTS_CORRUPT for a config.json that is no JSON: the run's direction and codings would silently be those of the weights alone
 */
export async function publishedFacts({ path, fileBeside }: OpenWeights, architecture: NetworkArchitecture): Promise<NetworkFacts> {
  const config = await fileBeside(PUBLISHED_CONFIG);
  if (config === undefined) return {};
  const { library_name, networks, options } = await parsed(config);
  if (library_name !== 'shadegrad' || typeof options !== 'object' || options === null) return {};
  const names = Object.values(networks ?? {}).map((network) => network?.file);
  if (!names.includes(basename(path))) return {};
  // The seed of the run is that of its dropout only where these are the weights that were trained: the file itself says it.
  const { drawSeed: _, ...facts } = factsOf(architecture, options);
  return facts;
}

async function parsed(path: string): Promise<PublishedConfig> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ShadegradError('DATA_UNREADABLE', `Cannot read ${printableName(path)}`, {
      expected: 'the file that shadegrad publish has written beside its weights',
      fix: 'let this user read it',
      cause: error,
    });
  });
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch (error) {
    throw new ShadegradError('WEIGHTS_CORRUPT', `${printableName(path)} is no JSON`, {
      expected: 'what shadegrad publish has written of the weights beside it: direction, size and codings',
      received: text.trim() === '' ? 'an empty file' : oneLine(text, 60),
      fix: 'fetch or publish the folder once more; if the file is none of it, move it out of the folder of the weights',
      cause: error,
    });
  }
}
