import type { NetworkArchitecture } from '../models/kind.js';
import { buildNetwork, NETWORKS } from '../models/registry.js';

/** An object out of a file's JSON. */
export type Json = Record<string, unknown>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
export const isPrimitive = (value: unknown): boolean => value === null || ['string', 'number', 'boolean'].includes(typeof value);
/** Steps of single parameters by name, or none. */
export const isStepCounts = (value: unknown): boolean => value === undefined || (isObject(value) && Object.values(value).every(isCount));

/** The architecture of a network; one of a kind that is known here, with options that such a network has. */
export function isArchitecture(value: unknown): value is NetworkArchitecture {
  if (!isObject(value) || typeof value.kind !== 'string' || !isObject(value.options)) return false;
  const { kind, options } = value;
  if (!Object.values(options).every(isPrimitive)) return false;
  // What a program has not made known yet may be right: whoever needs it says that it is missing.
  if (!NETWORKS.some((row) => row.kind === kind)) return true;
  try {
    buildNetwork({ kind, options });
    return true;
  } catch {
    return false;
  }
}
