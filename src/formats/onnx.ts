import { ShadegradError } from '../errors.js';
import { elementCount, type Shape } from '../tensor/shape.js';
import { STORED_DTYPE_BYTES } from './half.js';
import { ProtobufMessage } from './protobuf-write.js';
import type { TensorToWrite } from './weight-file.js';
import { writeNumbers } from './write-numbers.js';
import { quoteName } from './names.js';

/** Attributes of a node: a whole number is an int, `{ float }` a float, a text a string, a list ints. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operator: string;
  /** Names of values. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant of the graph, such as a weight. */
export interface OnnxTensor extends TensorToWrite {
  readonly dtype: keyof typeof ELEMENT_TYPE;
  /** Numbers of an i64 or i32 tensor, which float32 would round: they are written, and read() is not called. */
  readonly integers?: readonly number[];
}

/** An input or output of the graph. */
export interface OnnxValue {
  readonly name: string;
  /** Type of the numbers. Default f32. */
  readonly dtype?: 'f32' | 'i32';
  /** Lengths of each axis, outermost first; a word names an axis of any length. */
  readonly shape: readonly (number | string)[];
  readonly description: string;
}

export interface OnnxModel {
  readonly name: string;
  readonly description: string;
  /** What wrote it, and that program's version. */
  readonly producer: readonly [name: string, version: string];
  /** Version of the operators. */
  readonly opset: number;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Each after those whose outputs it takes. */
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
}

/** A file to write: its size is known before its first byte. */
export interface FileToWrite {
  /** The size of the file in bytes. */
  readonly bytes: number;
  /** The contents, a tensor at a time. Each call reads the tensors anew. */
  encode(): AsyncGenerator<Uint8Array>;
}

/** The files of an ONNX model: one, or two where the numbers lie beside it. */
export interface OnnxFiles {
  /** The model, with the numbers in it unless they are in a file of their own. */
  readonly model: FileToWrite;
  /** The numbers, where they lie outside the model: to be written beside it under the name given. */
  readonly data: FileToWrite | null;
}

/** The format that came with operator set 17. */
const IR_VERSION = 8;
/** Attribute types, element types and the place of a tensor's data, as onnx.proto numbers them. */
const ATTRIBUTE_TYPE = { float: 1, int: 2, text: 3, ints: 7 } as const;
const ELEMENT_TYPE = { f32: 1, i32: 6, i64: 7, f16: 10 } as const;
const EXTERNAL = 1;
/** Element types as the attribute "to" of Cast has them. */
export const ONNX_FLOAT = ELEMENT_TYPE.f32;
export const ONNX_INT32 = ELEMENT_TYPE.i32;
export const ONNX_INT64 = ELEMENT_TYPE.i64;
export const ONNX_BOOL = 9;

/** Protocol buffers cannot hold more. */
const MOST_MODEL_BYTES = 2 ** 31 - 1;
/** Smaller tensors stay in the model: a name, an offset and a length are as long. */
const SMALLEST_EXTERNAL_BYTES = 1024;
/** Where a tensor of an external file may begin so that it can be mapped: a page, and for large ones Windows' granularity. */
const PAGE_BYTES = 4096;
const LARGE_PAGE_BYTES = 65_536;
const LARGE_BYTES = 1_048_576;
/** A name in the model's own folder, everywhere. */
const FILE_NAME = /^[^\\/:\0.][^\\/:\0]*$/;

interface PlacedTensor extends OnnxTensor {
  readonly bytes: number;
  /** In the external file; null inside the model. */
  readonly offset: number | null;
}

/**
 * An ONNX model as the bytes of one file, or of two.
 *
 * @param options.dataFile name of the file for the numbers, in the model's own folder; none to keep them in the model
 * @throws INVALID_ARGUMENT for a name with a path, and for a model that one file cannot hold. Writing throws
 * WEIGHTS_UNSUPPORTED for a number that float16 does not reach, and what reading the tensors throws.
 */
export function encodeOnnx(model: OnnxModel, { dataFile }: { dataFile?: string | undefined } = {}): OnnxFiles {
  if (dataFile !== undefined && !FILE_NAME.test(dataFile)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'name of the file for the weights of an ONNX model', {
      expected: 'a name without a path, in the folder of the model',
      received: quoteName(dataFile),
      fix: 'name it like the model, as "model.onnx.data"',
    });
  }
  let end = 0;
  const tensors = model.tensors.map((tensor): PlacedTensor => {
    const bytes = elementCount(tensor.shape) * STORED_DTYPE_BYTES[tensor.dtype];
    if (dataFile === undefined || bytes < SMALLEST_EXTERNAL_BYTES) return { ...tensor, bytes, offset: null };
    const page = bytes >= LARGE_BYTES ? LARGE_PAGE_BYTES : PAGE_BYTES;
    const offset = Math.ceil(end / page) * page;
    end = offset + bytes;
    return { ...tensor, bytes, offset };
  });
  const message = modelMessage(model, tensors, dataFile);
  if (message.length > MOST_MODEL_BYTES) {
    throw new ShadegradError('INVALID_ARGUMENT', 'an ONNX model in one file', {
      expected: `at most ${MOST_MODEL_BYTES} bytes`,
      received: `${message.length} bytes`,
      fix: 'put the weights into a file of their own (external), or write f16',
    });
  }
  return {
    model: { bytes: message.length, encode: () => message.encode() },
    data: dataFile === undefined ? null : { bytes: end, encode: () => externalData(tensors) },
  };
}

async function* externalData(tensors: readonly PlacedTensor[]): AsyncGenerator<Uint8Array> {
  let position = 0;
  for (const tensor of tensors) {
    if (tensor.offset === null) continue;
    if (tensor.offset > position) yield new Uint8Array(tensor.offset - position);
    yield await tensorBytes(tensor);
    position = tensor.offset + tensor.bytes;
  }
}

async function tensorBytes(tensor: OnnxTensor): Promise<Uint8Array> {
  if (!tensor.integers) return writeNumbers(await tensor.read(), tensor, tensor.dtype);
  if (tensor.dtype === 'i32') {
    const words = new DataView(new ArrayBuffer(4 * tensor.integers.length));
    tensor.integers.forEach((value, index) => words.setInt32(4 * index, value, true));
    return new Uint8Array(words.buffer);
  }
  const bytes = new DataView(new ArrayBuffer(8 * tensor.integers.length));
  tensor.integers.forEach((value, index) => bytes.setBigInt64(8 * index, BigInt(value), true));
  return new Uint8Array(bytes.buffer);
}

function modelMessage(
  { name, description, producer, opset, metadata, inputs, outputs, nodes }: OnnxModel,
  tensors: readonly PlacedTensor[],
  dataFile: string | undefined,
): ProtobufMessage {
  const graph = new ProtobufMessage();
  nodes.forEach((node, index) => graph.message(1, nodeMessage(node, index)));
  graph.text(2, name);
  for (const tensor of tensors) graph.message(5, tensorMessage(tensor, dataFile));
  for (const value of inputs) graph.message(11, valueMessage(value));
  for (const value of outputs) graph.message(12, valueMessage(value));

  const message = new ProtobufMessage()
    .integer(1, IR_VERSION)
    .text(2, producer[0])
    .text(3, producer[1])
    .text(6, description)
    .message(7, graph);
  message.message(8, new ProtobufMessage().text(1, '').integer(2, opset));
  for (const [key, value] of Object.entries(metadata)) message.message(14, entryMessage(key, value));
  return message;
}

function nodeMessage({ operator, inputs, output, attributes }: OnnxNode, index: number): ProtobufMessage {
  const message = new ProtobufMessage();
  for (const input of inputs) message.text(1, input);
  message.text(2, output).text(3, `${index}.${operator}`).text(4, operator);
  for (const [name, value] of Object.entries(attributes)) message.message(5, attributeMessage(name, value));
  return message;
}

function attributeMessage(name: string, value: OnnxAttribute): ProtobufMessage {
  const message = new ProtobufMessage().text(1, name);
  if (typeof value === 'number') return message.integer(3, value).integer(20, ATTRIBUTE_TYPE.int);
  if (typeof value === 'string') return message.text(4, value).integer(20, ATTRIBUTE_TYPE.text);
  if ('float' in value) return message.float(2, value.float).integer(20, ATTRIBUTE_TYPE.float);
  for (const each of value) message.integer(8, each);
  return message.integer(20, ATTRIBUTE_TYPE.ints);
}

function tensorMessage(tensor: PlacedTensor, dataFile: string | undefined): ProtobufMessage {
  const { name, shape, dtype, bytes, offset } = tensor;
  const message = dimensions(shape).integer(2, ELEMENT_TYPE[dtype]).text(8, name);
  if (offset === null || dataFile === undefined) return message.streamed(9, bytes, () => tensorBytes(tensor));
  const place = { location: dataFile, offset: String(offset), length: String(bytes) };
  for (const [key, value] of Object.entries(place)) message.message(13, entryMessage(key, value));
  return message.integer(14, EXTERNAL);
}

function dimensions(shape: Shape): ProtobufMessage {
  const message = new ProtobufMessage();
  for (const length of shape) message.integer(1, length);
  return message;
}

function valueMessage({ name, shape, description, dtype = 'f32' }: OnnxValue): ProtobufMessage {
  const axes = new ProtobufMessage();
  for (const length of shape) {
    axes.message(1, typeof length === 'number' ? new ProtobufMessage().integer(1, length) : new ProtobufMessage().text(2, length));
  }
  const tensorType = new ProtobufMessage().integer(1, ELEMENT_TYPE[dtype]).message(2, axes);
  return new ProtobufMessage().text(1, name).message(2, new ProtobufMessage().message(1, tensorType)).text(3, description);
}

function entryMessage(key: string, value: string): ProtobufMessage {
  return new ProtobufMessage().text(1, key).text(2, value);
}
