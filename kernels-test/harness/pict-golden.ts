/** The .pict files of pict.json, made as scripts/goldens/pict.py says. */
import golden from '../goldens/pict.json';
import { elementCount, values } from './deterministic.js';

export interface FormulaTensor {
  name: string;
  shape: number[];
  /** Smallest and largest code. */
  low: number;
  high: number;
}

/** 256 values, dense around 0: the cube of even steps. */
export function formulaCodebook(): Float32Array {
  return Float32Array.from({ length: 256 }, (_, code) => {
    const step = (code - 127.5) / 127.5;
    return step * step * step * 1.3;
  });
}

/** A .pict file of three records, by hand: nothing of the library's writer is in it. */
export function pictBytes(list: string, codebook: Float32Array, codes: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(list);
  const parts = [json, new Uint8Array(codebook.slice().buffer), codes];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let position = 0;
  for (const part of parts) {
    view.setUint32(position, part.length);
    bytes.set(part, position + 4);
    position += 4 + part.length;
  }
  return bytes;
}

export function formulaCodes({ name, shape, low, high }: FormulaTensor): Uint8Array {
  return Uint8Array.from(
    values(`pict/${name}`, elementCount(shape)),
    (uniform) => low + Math.floor(((uniform + 1) / 2) * (high - low + 1)),
  );
}

/** The file of one of the golden's cases. */
export function formulaPict(tensors: readonly FormulaTensor[]): Uint8Array {
  const codes = tensors.map(formulaCodes);
  const all = new Uint8Array(codes.reduce((sum, { length }) => sum + length, 0));
  let position = 0;
  for (const part of codes) {
    all.set(part, position);
    position += part.length;
  }
  return pictBytes(JSON.stringify(tensors.map(({ name, shape }) => ({ name, shape }))), formulaCodebook(), all);
}

/** The file that numpy wrote. */
export function writtenPict(): Uint8Array {
  return Uint8Array.from(atob(golden.written.file), (character) => character.charCodeAt(0));
}
