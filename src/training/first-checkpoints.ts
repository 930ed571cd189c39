import { isArchitecture, isCount, isObject, isStepCounts, type Json } from './checkpoint-json.js';

/** What the first checkpoints say that they are: runs of pix2pix with a U-Net and a PatchGAN, and U-Nets alone. */
export const FIRST_FORMAT = 'shadegrad-pix2pix';

/** Values that such a file means when it leaves an option out. They never change. */
const VARIANT = { norm: 'batch', bias: 'ends', epsilon: 1e-5, slope: 0.2 };
const GENERATOR = {
  ...VARIANT,
  ...{ innermostNorm: false, skip: 'relu', dropoutBlocks: 'innermost', noise: 0, noiseAt: 'input', upsample: 'transposed' },
};
/** The rate that `dropout: true` among the options of a run stood for. */
const DROPOUT_RATE = 0.5;

const hasCounts = (value: unknown, ...names: string[]): value is Json => isObject(value) && names.every((name) => isCount(value[name]));

/** Whether a description is one of the first version. */
export function isFirstCheckpoint({ format, formatVersion }: Json): boolean {
  return format === FIRST_FORMAT && formatVersion === 1;
}

/**
 * The description of a first checkpoint as one of today.
 *
 * @returns a description whose other fields are still to be checked; or the name of a field of its own that is wrong
 */
export function upgradeFirst(info: Json): Json | { readonly wrong: string } {
  const { architecture, options, generatorSteps, discriminatorSteps, generatorStepCounts, discriminatorStepCounts, ...rest } = info;
  if (!isObject(architecture)) return { wrong: 'architecture' };
  const { generator, discriminator } = architecture;
  if (!hasCounts(generator, 'size', 'inChannels', 'outChannels', 'ngf')) return { wrong: 'architecture' };
  if (discriminator !== null && !hasCounts(discriminator, 'inChannels', 'ndf', 'layers')) return { wrong: 'architecture' };
  for (const [wrong, value] of Object.entries({ generatorSteps, discriminatorSteps })) if (!isCount(value)) return { wrong };
  for (const [wrong, value] of Object.entries({ generatorStepCounts, discriminatorStepCounts })) if (!isStepCounts(value)) return { wrong };
  const { dropout } = isObject(options) ? options : {};
  const rate = typeof dropout === 'boolean' ? { dropout: dropout ? DROPOUT_RATE : 0 } : {};
  const unet = { kind: 'unet', options: { ...GENERATOR, ...generator, ...rate } };
  const patchgan = discriminator && { kind: 'patchgan', options: { ...VARIANT, ...discriminator } };
  if (![unet, patchgan].every((each) => each === null || isArchitecture(each))) return { wrong: 'architecture' };
  const steps = (network: string, count: unknown, stepCounts: unknown) => ({
    network,
    steps: count,
    ...(stepCounts !== undefined && { stepCounts }),
  });
  const base = { ...rest, options, scheme: 'pix2pix' };
  if (patchgan === null) return { ...base, networks: { generator: unet }, optimizers: {} };
  return {
    ...base,
    networks: { generator: unet, discriminator: patchgan },
    optimizers: {
      generatorOptimizer: steps('generator', generatorSteps, generatorStepCounts),
      discriminatorOptimizer: steps('discriminator', discriminatorSteps, discriminatorStepCounts),
    },
  };
}
