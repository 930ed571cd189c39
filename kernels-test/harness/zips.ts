import { deflateRawSync } from 'node:zlib';
import { crc32 } from '../../src/formats/crc32.js';

/** A file of an archive; names are those of UTF-8 unless bytes say otherwise. */
export interface ZippedFile {
  readonly name: string | Uint8Array;
  readonly bytes: Uint8Array | string;
}

const LOCAL = { signature: 0x0403_4b50, bytes: 30 } as const;
const CENTRAL = { signature: 0x0201_4b50, bytes: 46 } as const;
const END = { signature: 0x0605_4b50, bytes: 22 } as const;
const DEFLATED = 8;

/** A zip archive as people's programs make them: compressed, names without a mark of what they are written in. */
export function zipped(...files: readonly ZippedFile[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const { name, bytes } of files) {
    const content = Buffer.from(bytes as Uint8Array);
    const packed = deflateRawSync(content);
    const nameBytes = Buffer.from(name as Uint8Array);
    const facts = (record: Buffer, at: number): void => {
      record.writeUInt16LE(DEFLATED, at);
      record.writeUInt32LE(crc32(content), at + 6);
      record.writeUInt32LE(packed.length, at + 10);
      record.writeUInt32LE(content.length, at + 14);
      record.writeUInt16LE(nameBytes.length, at + 18);
    };
    const local = Buffer.alloc(LOCAL.bytes);
    local.writeUInt32LE(LOCAL.signature, 0);
    facts(local, 8);
    const central = Buffer.alloc(CENTRAL.bytes);
    central.writeUInt32LE(CENTRAL.signature, 0);
    facts(central, 10);
    central.writeUInt32LE(position, 42);
    parts.push(local, nameBytes, packed);
    directory.push(central, nameBytes);
    position += local.length + nameBytes.length + packed.length;
  }
  const end = Buffer.alloc(END.bytes);
  end.writeUInt32LE(END.signature, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(position, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
