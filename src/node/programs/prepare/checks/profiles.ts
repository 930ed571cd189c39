import { printableName } from '../../../../formats/names.js';
import { countOf, findingOf, type Check } from './finding.js';

/** Pictures whose colour profile is not of sRGB: their numbers mean other colours than those of the others. */
export const checkProfiles: Check = ({ read }) => {
  const tagged = read.flatMap(({ files, colours }) =>
    colours.flatMap((name, at) => (name === undefined ? [] : [{ file: files[at]!, name }])),
  );
  const names = [...new Set(tagged.map(({ name }) => name))].map(printableName);
  const named = `${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''}`;
  return findingOf(
    'warning',
    'colour-profile',
    tagged.map(({ file }) => [file]),
    (count) =>
      `${countOf(count, 'picture')} with a colour profile that is not of sRGB (${named}), which is ignored: --color-profile convert ` +
      'of train and prepare brings them to sRGB',
  );
};
