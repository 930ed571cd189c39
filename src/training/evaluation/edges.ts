import { imageEdgeAgreement } from '../edge-agreement.js';
import { pairMetric } from './metric.js';

/** How well outlines agree. */
export const edges = pairMetric(
  {
    name: 'edges',
    description:
      'how well the outlines (by Canny) of a made picture lie on those of the real one: precision, recall, and their harmonic mean',
    values: {
      'edge-precision': { label: 'Edge precision', better: 'higher' },
      'edge-recall': { label: 'Edge recall', better: 'higher' },
      'edge-f1': { label: 'Edge F1', better: 'higher' },
    },
    options: {
      edgeTolerance: {
        default: 1,
        flag: {
          type: 'integer',
          min: 0,
          max: 16,
          description: 'pixels that two outlines may lie apart and still agree',
        },
      },
    },
  },
  (made, real, { edgeTolerance }) => {
    const { precision, recall, f1 } = imageEdgeAgreement(made, real, edgeTolerance as number);
    return { 'edge-precision': precision, 'edge-recall': recall, 'edge-f1': f1 };
  },
);
