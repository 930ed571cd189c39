import { oneLine } from '../../formats/names.js';
import { ShadegradError } from '../../errors.js';
import type { NetworkArchitecture } from '../../models/kind.js';
import type { NetworkFacts } from './network-facts.js';

/** What a bundle knows that translates pictures alone: everything of how images were loaded, and nothing of codings. */
const KNOWN: readonly string[] = [
  'unscaled',
  'inSrgb',
  'direction',
  'seed',
  'preprocess',
  'loadSize',
  'labels',
  'labelSets',
  'labelGroups',
];

/**
 * The facts of a file as readFacts() of network-facts.ts reads them, without the codings of index maps, arrays and CIELAB. Takes its place
 * in the bundles that translate pictures alone.
 *
 * @throws WEIGHTS_UNSUPPORTED for a network whose images are coded
 */
export function readFacts(_: NetworkArchitecture, kept: Readonly<Record<string, unknown>>): Omit<NetworkFacts, 'imageSize'> {
  const coding = Object.keys(kept).filter((name) => !KNOWN.includes(name));
  if (coding.length > 0) {
    throw new ShadegradError('WEIGHTS_UNSUPPORTED', 'a network whose images are more than eight-bit colours', {
      expected: 'one of pictures, in a bundle for these alone',
      received: oneLine(coding.join(', '), 120),
      fix: "import from 'shadegrad', which has the codings: findNetwork(), codingsOf(), Translator",
    });
  }
  const { unscaled, inSrgb, labels } = kept;
  return {
    ...(unscaled === true && { unscaled }),
    ...(inSrgb === true && { inSrgb }),
    ...(typeof labels === 'string' && { labels: labels.split(',') }),
  };
}

/** Files are only read here. */
export const keptFacts = (): undefined => undefined;
