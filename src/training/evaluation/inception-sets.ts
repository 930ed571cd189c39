import { FeatureRows } from '../distances/feature-rows.js';
import { InceptionImages, type ImageFeatures } from './inception-images.js';
import type { EvaluationMetric, Measurement, MetricContext, MetricValues } from './metric.js';

/** The flag with the file of Inception-v3, which all metrics by its features share. */
export const INCEPTION_WEIGHTS = {
  flag: 'inception',
  description: 'the weights of Inception-v3 for fid and kid: pt_inception-2015-12-05-6726825d.pth of pytorch-fid (docs/features.md)',
} as const;

/** What a distance of two sets of features says: its values, and what their reader should know. */
export interface SetDistance {
  readonly values: MetricValues;
  readonly remarks: readonly string[];
}

/** A metric of the features that Inception-v3 has of all made and of all real pictures. Of fewer than two of either it is NaN. */
export function inceptionMetric(
  row: Omit<EvaluationMetric, 'compares' | 'begin' | 'weights' | 'onDevice'>,
  distance: (made: FeatureRows, real: FeatureRows, context: MetricContext) => SetDistance,
): EvaluationMetric {
  const begin = async (context: MetricContext): Promise<Measurement> => {
    const images = await InceptionImages.open(context.gpu!, context.weights[INCEPTION_WEIGHTS.flag]!);
    const sets: Record<'made' | 'real', ImageFeatures[]> = { made: [], real: [] };
    const label = Object.values(row.values)[0]!.label;
    const remarks: string[] = [];
    return {
      async add({ made, real }) {
        if (made) sets.made.push(await images.add(made));
        if (real) sets.real.push(await images.add(real));
        return undefined;
      },
      async together() {
        await images.flush();
        const [made, real] = [rowsOf(sets.made, images.dimensions), rowsOf(sets.real, images.dimensions)];
        if (!images.isOriginal) remarks.push(`${label} is by the network of torchvision: it compares with no number of other programs`);
        if (Math.min(made.count, real.count) < 2) {
          remarks.push(`${label} needs at least two made pictures and two real ones: it has ${made.count} and ${real.count}`);
          return Object.fromEntries(Object.keys(row.values).map((name) => [name, NaN]));
        }
        const found = distance(made, real, context);
        remarks.push(...found.remarks);
        return found.values;
      },
      remarks: () => remarks,
      dispose: () => images.close(),
    };
  };
  return { ...row, compares: 'sets', weights: [INCEPTION_WEIGHTS], onDevice: true, begin };
}

function rowsOf(set: readonly ImageFeatures[], dimensions: number): FeatureRows {
  const rows = new FeatureRows(dimensions);
  for (const { numbers } of set) rows.add(numbers!);
  return rows;
}
