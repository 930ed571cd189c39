import { diversity } from './diversity.js';
import { edges } from './edges.js';
import { fcn } from './fcn.js';
import { fid } from './fid.js';
import { kid } from './kid.js';
import { l1 } from './l1.js';
import { l2 } from './l2.js';
import { lab } from './lab.js';
import { labelMaps } from './label-maps.js';
import { lpips } from './lpips.js';
import type { EvaluationMetric } from './metric.js';
import { msSsim } from './ms-ssim.js';
import { psnr } from './psnr.js';
import { ssim } from './ssim.js';

/** The metrics of `shadegrad evaluate`, in the order of its results: each a file, and a row here. */
export const EVALUATION_METRICS: readonly EvaluationMetric[] = [
  ...[l1, l2, psnr, ssim, msSsim, lpips],
  ...[lab, edges, fid, kid, diversity],
  ...[labelMaps, fcn],
];
