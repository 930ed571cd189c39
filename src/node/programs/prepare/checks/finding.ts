import { relative } from 'node:path';
import { printableName } from '../../../../formats/names.js';
import type { Survey } from './survey.js';

/** Something about a data set that its owner should know. */
export interface Finding {
  /** An error keeps a training from what it is for, or from running; a warning may be meant so. */
  readonly severity: 'error' | 'warning';
  /** What is wrong, for programs. */
  readonly kind: string;
  /** What is wrong, in words, without the files. */
  readonly text: string;
  /** The files that it is about; those that belong together are joined, such as a picture and its copies. */
  readonly files: readonly (readonly string[])[];
}

/** Looks for one kind of trouble, or for a few that belong together. */
export type Check = (survey: Survey) => Finding[];

/** A finding about some files; none where there are none. */
export function findingOf(
  severity: Finding['severity'],
  kind: string,
  files: readonly (readonly string[])[],
  text: (count: number) => string,
): Finding[] {
  return files.length === 0 ? [] : [{ severity, kind, text: text(files.length), files }];
}

/** `1 picture`, `2 pictures`. */
export const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Most files that a line names. */
const LISTED = 3;

/** The first few files of a finding, from its folder. */
export function listedFiles(folder: string, files: Finding['files']): string {
  const shown = files.slice(0, LISTED).map((each) => each.map((file) => printableName(relative(folder, file))).join(' = '));
  return `${shown.join(', ')}${files.length > LISTED ? ', ...' : ''}`;
}
