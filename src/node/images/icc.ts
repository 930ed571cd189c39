/** What of an RGB colour profile (ICC) tells whether its colours are those of sRGB. */
interface ProfileColours {
  /** What its makers call it, where it says so. */
  readonly description: string | undefined;
  /** X, Y and Z of red, green and blue, one after the other, under the profile's D50; undefined where it has none. */
  readonly primaries: readonly number[] | undefined;
  /** Light from 0 to 1 of a value from 0 to 1; undefined where it says that in another way. */
  readonly light: ((value: number) => number) | undefined;
}

/** Those of sRGB, as they stand in its profiles. */
const SRGB_PRIMARIES = [0.436, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7139];
/** Profiles of sRGB round these differently; the nearest other space is several times as far away. */
const PRIMARY_TOLERANCE = 0.01;
const LIGHT_TOLERANCE = 0.002;
/** Values at which curves are compared. */
const VALUES = [0.1, 0.5, 0.9];

const srgbLight = (value: number): number => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);

/**
 * The name of the colours of a profile that are not those of sRGB.
 *
 * @param icc an RGB profile
 * @returns undefined for a profile of sRGB, whatever it is called
 */
export function otherColours(icc: Uint8Array): string | undefined {
  const { description, primaries, light } = coloursOf(icc);
  const name = description?.trim() || 'a profile without a name';
  if (!primaries || !light) return /srgb/i.test(name) ? undefined : name;
  const isSrgb =
    primaries.every((value, at) => Math.abs(value - SRGB_PRIMARIES[at]!) < PRIMARY_TOLERANCE) &&
    VALUES.every((value) => Math.abs(light(value) - srgbLight(value)) < LIGHT_TOLERANCE);
  return isSrgb ? undefined : name;
}

function coloursOf(icc: Uint8Array): ProfileColours {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.byteLength);
  const text = (at: number, length: number): string => Buffer.from(icc.subarray(at, at + length)).toString('latin1');
  const fixed = (at: number): number => view.getInt32(at) / 65_536;
  const tag = (name: string): { readonly type: string; readonly at: number } | undefined => {
    const count = Math.min(view.getUint32(128), 100);
    for (let row = 132; row < 132 + 12 * count && row + 12 <= icc.length; row += 12) {
      const at = view.getUint32(row + 4);
      if (text(row, 4) === name && at + 12 <= icc.length) return { type: text(at, 4), at };
    }
    return undefined;
  };
  try {
    const primaries = ['rXYZ', 'gXYZ', 'bXYZ'].map(tag);
    const known = primaries.every((found) => found?.type === 'XYZ ');
    return {
      description: descriptionAt(tag('desc')),
      primaries: known ? primaries.flatMap((found) => [8, 12, 16].map((more) => fixed(found!.at + more))) : undefined,
      light: curveAt(tag('gTRC')),
    };
  } catch (error) {
    // A profile that ends too early: nothing is known of it.
    if (!(error instanceof RangeError)) throw error;
    return { description: undefined, primaries: undefined, light: undefined };
  }

  function descriptionAt(found: ReturnType<typeof tag>): string | undefined {
    if (found?.type === 'desc') return text(found.at + 12, Math.max(0, view.getUint32(found.at + 8) - 1));
    if (found?.type !== 'mluc' || view.getUint32(found.at + 8) === 0) return undefined;
    const [length, from] = [view.getUint32(found.at + 20), found.at + view.getUint32(found.at + 24)];
    return new TextDecoder('utf-16be').decode(icc.subarray(from, from + length));
  }

  function curveAt(found: ReturnType<typeof tag>): ProfileColours['light'] {
    if (found?.type === 'para') {
      const kind = view.getUint16(found.at + 8);
      const read = (count: number): number[] => Array.from({ length: count }, (_, index) => fixed(found.at + 12 + 4 * index));
      if (kind === 0) {
        const [exponent = 1] = read(1);
        return (value) => value ** exponent;
      }
      if (kind !== 3) return undefined;
      const [g = 1, a = 1, b = 0, c = 0, d = 0] = read(5);
      return (value) => (value >= d ? (a * value + b) ** g : c * value);
    }
    if (found?.type !== 'curv') return undefined;
    const count = view.getUint32(found.at + 8);
    if (count === 0) return (value) => value;
    if (count === 1) return (value) => value ** (view.getUint16(found.at + 12) / 256);
    return (value) => view.getUint16(found.at + 12 + 2 * Math.round(value * (count - 1))) / 65_535;
  }
}
