import { ShadegradError } from '../errors.js';
import type { AdapterDescription } from '../gpu/adapter.js';
import { isVariantTable, type VariantTable } from '../gpu/kernel-variants.js';
import { provenUnits } from './matrix-units.js';

const FORMAT = 'shadegrad-tuning';
/** Part of every cache's name: raise it when kernels change so much that old timings mislead. */
export const TUNING_VERSION = 4;

/**
 * What timings hold for: one adapter with one driver, which its description names, and the units for matrices that kernels may use there.
 *
 * @param adapter as the Gpu has it: a copy is taken to have no units
 */
export function adapterFingerprint(adapter: AdapterDescription): string {
  const { vendor, architecture, device, description, subgroupSize } = adapter;
  const units = provenUnits(adapter).map(({ type, m, n, k }) => `${type} ${m}x${n}x${k}`);
  return [
    ...[vendor, architecture, device, description, `subgroups of ${subgroupSize}`],
    ...(units.length > 0 ? [`units ${units.join(' ')}`] : []),
    `tuning ${TUNING_VERSION}`,
  ].join(', ');
}

/** A table as text, for a file or a browser's storage. @param adapter what the timings were taken on */
export function encodeVariants(adapter: string, choices: VariantTable): string {
  return JSON.stringify({ format: FORMAT, version: TUNING_VERSION, adapter, choices }, null, 1) + '\n';
}

/**
 * Reads what encodeVariants() wrote.
 *
 * @param label names the file in errors
 * @throws INVALID_ARGUMENT for damaged text, another version or another adapter
 */
export function parseChoices(text: string, adapter: string, label: string): VariantTable {
  const refuse = (expected: string, received: string): never => {
    throw new ShadegradError('INVALID_ARGUMENT', `tuning cache ${label} cannot be used`, {
      expected,
      received,
      fix: 'delete it; in Node, "npx shadegrad tune" writes a new one',
    });
  };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse('JSON', `${text.length} characters that are none`);
  }
  const { format, version, adapter: tuned, choices } = (value ?? {}) as Record<string, unknown>;
  if (format !== FORMAT || version !== TUNING_VERSION)
    return refuse(`"${FORMAT}" of version ${TUNING_VERSION}`, `${JSON.stringify(format)} of version ${JSON.stringify(version)}`);
  if (tuned !== adapter) return refuse(`timings of "${adapter}"`, `timings of ${JSON.stringify(tuned)}`);
  if (!isVariantTable(choices)) return refuse('a variant for each problem', JSON.stringify(choices)?.slice(0, 80) ?? 'nothing');
  return choices;
}
