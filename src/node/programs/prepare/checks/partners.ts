import { countOf, findingOf, type Check } from './finding.js';

/** Pictures that are left out, because no other has their name. */
export const checkPartners: Check = ({ alone }) =>
  findingOf(
    'warning',
    'no-partner',
    alone.map((file) => [file]),
    (count) => `${countOf(count, 'picture')} without a partner of its name, left out`,
  );
