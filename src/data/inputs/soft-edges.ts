import { blurPlane, sobel, type Plane } from '../gaussian.js';
import { imageOfBytes } from '../grey.js';
import type { PairInput } from './input.js';

/** Outlines whose darkness says how strong they are, as a pencil drawing has them: the gradient of the colour that changes most. */
export const softEdges: PairInput = {
  name: 'soft-edges',
  title: 'outlines as of a pencil, the darker the stronger',
  options: {
    sigma: { default: 1, min: 0, max: 20, description: 'the blur before edges are looked for, in pixels' },
    gain: { default: 1.5, min: 0.01, max: 100, description: 'how dark lines are' },
  },
  make({ width, height, data }, { sigma, gain }) {
    const strongest = new Float64Array(width * height);
    for (let channel = 0; channel < 3; channel++) {
      const plane: Plane = { width, height, data: Float64Array.from(strongest, (_, at) => data[at * 3 + channel]! / 255) };
      const gradient = sobel(blurPlane(plane, sigma!));
      for (let at = 0; at < strongest.length; at++) strongest[at] = Math.max(strongest[at]!, Math.hypot(gradient.x[at]!, gradient.y[at]!));
    }
    // Without an upper bound that cuts strong lines off: they come ever closer to black.
    const bytes = Uint8Array.from(strongest, (strength) => Math.round(255 / (1 + (gain! * strength) ** 2)));
    return imageOfBytes(bytes, width, height, 1);
  },
};
