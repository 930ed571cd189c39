import { adapterKind, type AdapterKind } from '../../gpu/adapter.js';
import type { AdapterSeen } from './probe.js';
import { fasterSoftwareDriver } from './advice.js';

export { adapterKind, type AdapterKind };

/**
 * Which adapter is wanted: `auto` takes a GPU, else the fastest software driver; the others insist. Any other text is looked for in the
 * adapters' names.
 */
export type AdapterRequest = 'auto' | 'hardware' | 'software' | 'lavapipe' | 'swiftshader' | (string & {});

/** The adapter that was chosen, and why. */
export interface AdapterChoice extends AdapterSeen {
  /** The kind of the adapter. */
  kind: AdapterKind;
  /** Whether it is the SwiftShader that came from npm. */
  embedded: boolean;
  /** A line to print: the adapter, and how to get a faster one. */
  summary: string;
}

/** Where to look for the adapter. */
export type Candidate = { from: 'system'; adapter: AdapterSeen } | { from: 'embedded' };

/**
 * The candidates for a request, best first.
 *
 * @param seen the system's adapters
 * @param preferred the name of the one Dawn would take
 */
export function rankCandidates(request: AdapterRequest, seen: AdapterSeen[], preferred?: string): Candidate[] {
  const byPreference = [...seen].sort((a, b) => Number(b.name === preferred) - Number(a.name === preferred));
  const ofKind = (...kinds: AdapterKind[]): Candidate[] =>
    kinds
      .flatMap((kind) => byPreference.filter((adapter) => adapterKind(adapter) === kind))
      .map((adapter) => ({ from: 'system', adapter }));
  const embedded: Candidate = { from: 'embedded' };
  switch (request) {
    case 'auto':
      return [...ofKind('hardware', 'lavapipe', 'software', 'swiftshader'), embedded];
    case 'hardware':
      return ofKind('hardware');
    case 'software':
      return [...ofKind('lavapipe', 'software', 'swiftshader'), embedded];
    case 'lavapipe':
      return ofKind('lavapipe');
    case 'swiftshader':
      // The embedded one was tried before anyone looked at the system's.
      return ofKind('swiftshader');
  }
  const wanted = request.toLowerCase();
  const named = byPreference.filter((adapter) => `${adapter.name} ${adapter.vendor} ${adapter.description}`.toLowerCase().includes(wanted));
  return named.map((adapter) => ({ from: 'system', adapter }));
}

/** The choice with its printable line. */
export function describeChoice(adapter: AdapterSeen, embedded: boolean): AdapterChoice {
  const kind = adapterKind(adapter);
  const title = adapter.description || adapter.name;
  const label = { hardware: 'GPU', lavapipe: 'software, Mesa lavapipe', swiftshader: 'software, SwiftShader', software: 'software' }[kind];
  let summary = `adapter: ${title} (${label}${embedded ? ' from npm' : ''}, ${adapter.backend})`;
  if (kind === 'lavapipe') summary += '; a GPU with its driver would be far faster';
  if (kind === 'swiftshader') {
    const [advice] = process.platform === 'linux' ? fasterSoftwareDriver() : ['a GPU with its driver'];
    summary += `; several times faster: ${advice}`;
  }
  return { ...adapter, kind, embedded, summary };
}
