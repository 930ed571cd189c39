import { ShadegradError } from '../errors.js';
import type { AdapterDescription } from '../gpu/adapter.js';
import { isVariantTable, type VariantTable } from '../gpu/kernel-variants.js';

const FORMAT = 'shadegrad-tuning';
/** Part of every cache's name: raise it when kernels change so much that old timings mislead. */
export const TUNING_VERSION = 3;

/** What timings hold for: one adapter with one driver, which its description names. */
export function adapterFingerprint({ vendor, architecture, device, description, subgroupSize }: AdapterDescription): string {
  return [vendor, architecture, device, description, `subgroups of ${subgroupSize}`, `tuning ${TUNING_VERSION}`].join(', ');
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
