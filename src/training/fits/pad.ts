import type { Fit } from './kind.js';
import { cropPadded, reflectPad } from './reflect.js';

/** Pads an image by reflection up to the next size that the generator takes, translates it whole, and crops the result. */
export const pad: Fit = {
  description: 'reflected at the borders up to what the network takes, whole at their own size, and cropped',
  takesSize: false,
  takesTile: false,
  fixedPiece: () => null,
  plan([width, height], { sizes: { multipleOf, least } }) {
    const upTo = (side: number): number => Math.max(least, Math.ceil(side / multipleOf) * multipleOf);
    const piece = [upTo(width), upTo(height)] as const;
    return {
      fitted: piece,
      piece,
      prepare: (image) => reflectPad(image, ...piece),
      run: async (fitted, through) => cropPadded(await through(fitted), width, height),
    };
  },
};
