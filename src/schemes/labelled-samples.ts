import { ShadegradError } from '../errors.js';

/** Labels that a row of the report has room for. */
export const MOST_LABELS = 10;

/** Makes the error of an image to measure a scheme on that has other labels than the networks take, or none. */
export const withoutLabels = (title: string, name: string, count: number, labels: readonly number[] | undefined): ShadegradError =>
  new ShadegradError('INVALID_ARGUMENT', `${name}, an image to measure ${title} on`, {
    expected: `an image with ${count} labels`,
    received: labels ? `one with ${labels.length}` : 'one without',
    fix: 'measure on a set of images with the labels of those that are trained on',
  });
