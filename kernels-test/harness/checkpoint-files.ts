import { crc32 } from '../../src/formats/crc32.js';
import { joinBytes } from '../../src/formats/byte-source.js';
import { encodeHeader, parseHeader } from '../../src/formats/safetensors.js';

/** A checkpoint under another description, and with other names of tensors; its checksums fit. */
export function rewritten(
  file: Uint8Array,
  change: (info: Record<string, unknown>) => unknown,
  rename: (name: string) => string = (name) => name,
): Uint8Array {
  const { tensors, metadata, dataStart } = parseHeader(file, file.length);
  const info: unknown = change(JSON.parse(metadata.get('shadegrad')!) as Record<string, unknown>);
  const header = encodeHeader(
    tensors.map((tensor) => ({ ...tensor, name: rename(tensor.name) })),
    { shadegrad: JSON.stringify(info) },
  );
  const result = joinBytes([header, file.subarray(dataStart)]);
  const table = header.length + tensors[tensors.length - 1]!.start - dataStart;
  new DataView(result.buffer, result.byteOffset).setUint32(table, crc32(header), true);
  return result;
}
