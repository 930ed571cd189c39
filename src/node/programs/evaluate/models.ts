import type { Gpu } from '../../../gpu/gpu.js';
import type { PixelModel } from '../../../training/evaluation/metric.js';
import { openPixelModel } from '../../training/pixel-models.js';
import { metricModels } from './flags.js';

/** The models that metrics need, as far as they are named. @throws what opening them throws */
export async function openModels(gpu: Gpu, flags: Readonly<Record<string, unknown>>): Promise<Record<string, PixelModel>> {
  const models: Record<string, PixelModel> = {};
  for (const [flag, path] of metricModels(flags)) {
    const palette = flags[`${flag}-palette`];
    models[flag] = await openPixelModel(gpu, path, typeof palette === 'string' ? palette : undefined);
  }
  return models;
}
