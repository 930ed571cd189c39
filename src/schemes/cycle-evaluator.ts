import type { RgbImage } from '../data/image.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Generator } from '../models/kind.js';
import { fitHalves } from '../training/measured-halves.js';
import { imageL1 } from '../training/metrics.js';
import type { Evaluator, ImagePlan } from '../training/scheme.js';
import { Translator } from '../training/translator.js';

interface CycleMeasure {
  readonly cycleA: number;
  readonly cycleB: number;
}

/**
 * Makes an Evaluator of two generators that undo each other: every image goes there and back again, and is compared with itself (mean
 * absolute difference, 0 to 2). It says nothing of how much a translation looks like the other set: for that there are the pictures.
 */
export async function cycleEvaluator(
  gpu: Gpu,
  { generatorA, generatorB }: { readonly generatorA: Generator; readonly generatorB: Generator },
  plan: ImagePlan,
): Promise<Evaluator<CycleMeasure>> {
  const options = { dropout: false, size: plan.size };
  const aToB = await Translator.create(gpu, generatorA, options);
  const bToA = await Translator.create(gpu, generatorB, options).catch((error: unknown) => {
    aToB.dispose();
    throw error;
  });
  const around = async (image: RgbImage, there: Translator, back: Translator): Promise<[RgbImage, RgbImage]> => {
    const translated = await there.translate(image);
    return [translated, await back.translate(translated)];
  };
  return {
    key: 'cycles',
    fit: (pair) => fitHalves(pair, plan, { a: generatorA.inChannels, b: generatorB.inChannels }),
    async run({ a, b }) {
      const [toB, againA] = await around(a, aToB, bToA);
      const [toA, againB] = await around(b, bToA, aToB);
      return { made: [toB, againA, toA, againB], measure: { cycleA: imageL1(againA, a), cycleB: imageL1(againB, b) } };
    },
    summarize(measures) {
      const mean = (key: keyof CycleMeasure): number => measures.reduce((sum, measure) => sum + measure[key], 0) / measures.length;
      return { cycle: (mean('cycleA') + mean('cycleB')) / 2, cycleA: mean('cycleA'), cycleB: mean('cycleB') };
    },
    dispose() {
      aToB.dispose();
      bToA.dispose();
    },
  };
}
