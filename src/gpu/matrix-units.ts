import type { MatrixUnit } from './adapter.js';

/** What WebGPU will call the feature is not settled; Dawn shows it to instances that allow what is experimental alone. */
export const MATRIX_UNITS = 'chromium-experimental-subgroup-matrix' as GPUFeatureName;

/** A configuration as Dawn lists it. */
interface Configuration {
  readonly componentType: string;
  readonly resultComponentType: string;
  readonly M: number;
  readonly N: number;
  readonly K: number;
}

/** Rows and columns of a subgroup's part of a product, and the terms at hand, that sizes of a unit have to divide. */
const PART = { side: 32, terms: 16 } as const;

/** The units of an adapter that kernels here can use: those that add in f32, in the order in which the adapter lists them. */
export function matrixUnitsOf(info: GPUAdapterInfo): readonly MatrixUnit[] {
  const { subgroupMatrixConfigs = [] } = info as { subgroupMatrixConfigs?: Iterable<Configuration> };
  return [...subgroupMatrixConfigs].flatMap(({ componentType: type, resultComponentType, M: m, N: n, K: k }) => {
    const fits = PART.side % m === 0 && PART.side % n === 0 && PART.terms % k === 0;
    return resultComponentType === 'f32' && (type === 'f32' || type === 'f16') && fits ? [{ type, m, n, k }] : [];
  });
}
