import { checkClasses } from './classes.js';
import { checkDuplicates } from './duplicates.js';
import type { Check } from './finding.js';
import { checkHalves, checkWidths } from './halves.js';
import { checkLabels } from './labels.js';
import { checkLayout } from './layout.js';
import { checkPartners } from './partners.js';
import { checkProfiles } from './profiles.js';
import { checkUnreadable } from './unreadable.js';

/** What is looked for in a data set, in the order in which it is said. */
export const CHECKS: readonly Check[] = [
  checkLayout,
  checkUnreadable,
  checkHalves,
  checkWidths,
  checkPartners,
  checkDuplicates,
  checkLabels,
  checkClasses,
  checkProfiles,
];
