import { countOf, findingOf, type Check } from './finding.js';

/** Pictures that cannot be read: a training ends when it meets one. */
export const checkUnreadable: Check = ({ unreadable }) =>
  findingOf(
    'error',
    'unreadable',
    unreadable.map(({ sample }) => sample.files),
    (count) => `${countOf(count, 'sample')} cannot be read, the first because: ${unreadable[0]!.error.what}`,
  );
