import type { ColourCount } from './colours.js';

/** A picture of few, bright colours or of even areas is a label map or a drawing. Photos are far below, on white paper nearly there. */
const LIKE_LABELS = { saturation: 120, flat: 0.9 } as const;

/** More colours than a palette of labels has. */
export const MOST_LABEL_COLOURS = 64;

/** The middle one of some values; 0 of none. */
export const middleOf = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/** Whether pictures are label maps or drawings, by the middle one of them. */
export function areLabelMaps(pictures: readonly Pick<ColourCount, 'saturation' | 'flat'>[]): boolean {
  const { saturation, flat } = LIKE_LABELS;
  return middleOf(pictures.map((image) => image.saturation)) >= saturation || middleOf(pictures.map((image) => image.flat)) >= flat;
}
