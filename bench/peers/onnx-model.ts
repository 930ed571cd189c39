/**
 * Just enough of ONNX's protobuf (onnx/onnx.proto3, opset 17) to write a float32 model: field numbers are those of
 * ModelProto, GraphProto, NodeProto, AttributeProto, TensorProto and ValueInfoProto.
 */
const VARINT = 0;
const BYTES = 2;
const FLOAT32 = 5;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}

const tag = (field: number, wire: number): number[] => varint(field * 8 + wire);
const integer = (field: number, value: number): Uint8Array => Uint8Array.from([...tag(field, VARINT), ...varint(value)]);
const message = (field: number, parts: readonly Uint8Array[]): Uint8Array => {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Uint8Array.from([...tag(field, BYTES), ...varint(length)]), ...parts]);
};
const text = (field: number, value: string): Uint8Array => message(field, [new TextEncoder().encode(value)]);
const float = (field: number, value: number): Uint8Array =>
  Buffer.concat([Uint8Array.from(tag(field, FLOAT32)), new Uint8Array(Float32Array.of(value).buffer)]);

/** AttributeProto.AttributeType */
const ATTRIBUTE = { float: 1, int: 2, ints: 7 };
/** TensorProto.DataType.FLOAT */
const FLOAT_TENSOR = 1;
const IR_VERSION = 8;
const OPSET = 17;

export type OnnxAttribute = { float: number } | { int: number } | { ints: readonly number[] };

/** A graph that grows node by node; values go by name. */
export class OnnxGraph {
  private readonly parts: Uint8Array[] = [text(2, 'graph')];
  private count = 0;

  input(name: string, shape: readonly number[]): string {
    this.parts.push(valueInfo(11, name, shape));
    return name;
  }

  output(name: string, shape: readonly number[]): void {
    this.parts.push(valueInfo(12, name, shape));
  }

  weight(name: string, shape: readonly number[], data: Float32Array): string {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.parts.push(
      message(5, [...shape.map((length) => integer(1, length)), integer(2, FLOAT_TENSOR), text(8, name), message(9, [bytes])]),
    );
    return name;
  }

  /** @returns the name of the node's only output */
  node(
    operation: string,
    inputs: readonly string[],
    attributes: Record<string, OnnxAttribute> = {},
    output = `value${this.count++}`,
  ): string {
    const encoded = Object.entries(attributes).map(([name, attribute]) => message(5, [text(1, name), ...attributeValue(attribute)]));
    this.parts.push(message(1, [...inputs.map((input) => text(1, input)), text(2, output), text(4, operation), ...encoded]));
    return output;
  }

  encode(): Uint8Array {
    return Buffer.concat([integer(1, IR_VERSION), message(7, this.parts), message(8, [text(1, ''), integer(2, OPSET)])]);
  }
}

function attributeValue(attribute: OnnxAttribute): Uint8Array[] {
  if ('float' in attribute) return [float(2, attribute.float), integer(20, ATTRIBUTE.float)];
  if ('int' in attribute) return [integer(3, attribute.int), integer(20, ATTRIBUTE.int)];
  return [...attribute.ints.map((value) => integer(8, value)), integer(20, ATTRIBUTE.ints)];
}

function valueInfo(field: number, name: string, shape: readonly number[]): Uint8Array {
  const dimensions = message(
    2,
    shape.map((length) => message(1, [integer(1, length)])),
  );
  return message(field, [text(1, name), message(2, [message(1, [integer(1, FLOAT_TENSOR), dimensions])])]);
}
