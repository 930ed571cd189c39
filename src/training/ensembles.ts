import { createImage, mirror, type RgbImage } from '../data/image.js';

/** An image seen in another way, and the way back of what is made of it. */
interface View {
  there(image: RgbImage): RgbImage;
  back(result: RgbImage): RgbImage;
}

/** The name of a set of views whose results are averaged. */
export type EnsembleName = 'mirror';

/** Sets of views of an image, by their names: a result is the mean of what is made of each. */
export const ENSEMBLES: Readonly<Record<EnsembleName, { readonly description: string; readonly views: readonly View[] }>> = {
  mirror: {
    description: 'of the image and of its mirror image, mirrored back',
    views: [
      { there: (image) => image, back: (result) => result },
      { there: mirror, back: mirror },
    ],
  },
};

/** The mean of images of one size. */
export function meanImages(images: readonly RgbImage[]): RgbImage {
  const { width, height } = images[0]!;
  const result = createImage(width, height);
  for (let at = 0; at < result.data.length; at++) {
    let sum = 0;
    for (const { data } of images) sum += data[at]!;
    result.data[at] = Math.round(sum / images.length);
  }
  const numbers = images.flatMap(({ values }) => (values?.kind === 'numbers' ? [values] : []));
  if (numbers.length === images.length) {
    const data = numbers[0]!.data.map((_, at) => numbers.reduce((sum, each) => sum + each.data[at]!, 0) / numbers.length);
    result.values = { ...numbers[0]!, data };
  }
  return result;
}
