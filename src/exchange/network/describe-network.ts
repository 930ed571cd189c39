import { buildNetwork } from './load-network.js';
import type { NetworkArchitecture } from './network-weights.js';

/** What a network is, in words: `U-Net for 256 x 256, 3 -> 3 channels, ngf 64, batch norm, dropout 0.5; 54,413,955 parameters`. */
export function describeArchitecture(architecture: NetworkArchitecture): string {
  const { options, parameterCount } = buildNetwork(architecture);
  const { norm, bias, epsilon, slope } = options;
  const parts =
    'size' in options
      ? [
          `U-Net for ${options.size} x ${options.size}`,
          `${options.inChannels} -> ${options.outChannels} channels`,
          `ngf ${options.ngf}`,
          norms(norm),
          options.innermostNorm && 'innermost layer normalised',
          options.skip === 'leaky' && 'leaky skips',
          options.dropout > 0
            ? `dropout ${options.dropout}${options.dropoutBlocks === 'middle' ? ' in the middle blocks' : ''}`
            : 'no dropout',
        ]
      : ['PatchGAN', `${options.inChannels} channels`, `ndf ${options.ndf}`, `${options.layers} layers`, norms(norm)];
  // Only what is not as in the PyTorch reference.
  parts.push(
    bias !== (norm === 'instance' ? 'everywhere' : 'ends') && `biases ${bias === 'ends' ? 'at the ends' : 'everywhere'}`,
    epsilon !== 1e-5 && `epsilon ${epsilon}`,
    slope !== 0.2 && `slope ${slope}`,
  );
  return `${parts.filter((part) => part !== false).join(', ')}; ${parameterCount.toLocaleString('en-US')} parameters`;
}

const norms = (norm: string): string => (norm === 'none' ? 'no norm' : `${norm} norm`);
