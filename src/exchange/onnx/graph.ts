import { ONNX_FLOAT, type OnnxAttribute, type OnnxNode, type OnnxTensor } from '../../formats/onnx.js';
import { permuteNumbers, permuteShape } from '../../nn/axes.js';
import { elementCount, sameShape, type Shape } from '../../tensor/shape.js';

/**
 * In which order the four axes of images lie in the model: as in this library, [batch, height, width, channels], or as ONNX's
 * operators take them, [batch, channels, height, width]. Values of other ranks lie as in this library.
 */
export type AxisOrder = 'last' | 'first';

/** A value of the model: where it is, and what shape it has in this library. */
export interface GraphValue {
  /** The name of the value in the model. */
  readonly name: string;
  /** The shape that it has in this library. */
  readonly shape: Shape;
  /** The type of its numbers. */
  readonly dtype: 'f32' | 'i32';
  /** The order in which its axes lie in the model. */
  readonly order: AxisOrder;
  /** Set for parameters, buffers and constants: they can be stored in another order or shape at no cost. @internal */
  readonly source?: StoredSource;
}

/** Numbers that a model stores. */
export interface StoredSource {
  readonly shape: Shape;
  readonly dtype: 'f32' | 'i32';
  /** The numbers of a constant: it must not depend on what comes in. */
  readonly known?: readonly number[];
  read(): Promise<Float32Array>;
}

/** Lengths that a node takes as a tensor, such as the shape of a Reshape; they may depend on the lengths of the inputs' axes. */
export interface Lengths {
  readonly name: string;
  readonly values: readonly number[];
  /** Of a Reshape: the shape that it is given, of which it can take axes over. Of a Slice: the length that it cuts. Others ask inputs. */
  readonly from: Shape | null;
  /** Set for the end of a Slice: where it is always the whole length, the model says "to the end". */
  readonly isEnd?: boolean;
}

export interface GraphNode extends OnnxNode {
  /** The operation that it is a part of, for messages. */
  readonly op: string;
}

/** A tensor whose numbers may be known without asking the device: two graphs can be told apart by them. */
export interface GraphTensor extends OnnxTensor {
  readonly known?: readonly number[];
}

/** Past every axis: a slice to the end of one of any length. */
export const TO_THE_END = 2 ** 31 - 1;

const FIRST_OF_LAST = [0, 3, 1, 2];
/** Where each axis of this library lies in ONNX's order; also the permutation that leads back. */
const LAST_OF_FIRST = [0, 2, 3, 1];
/** Kernels of fewer axes, biases for example, stay f32 in a model of f16. */
const KERNEL_RANK = 2;

/** A number as a name has it: unlike String(), with the sign of a zero. */
const written = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

/** Gathers nodes and the tensors they use. Methods that add a node return the name of its value. */
export class OnnxGraph {
  /** @internal */
  readonly nodes: GraphNode[] = [];
  /** @internal */
  readonly tensors: GraphTensor[] = [];
  /** @internal */
  readonly lengths: Lengths[] = [];
  /** Lengths that what was added so far holds for, and no others. @internal */
  readonly fixed: { readonly op: string; readonly length: number }[] = [];
  /** Shapes of the inputs, as the model has them. @internal */
  readonly inputs: { readonly name: string; readonly shape: Shape }[] = [];
  /** Whatever was made once and can be used again, by what it is. */
  private readonly made = new Map<string, string>();
  private op = '';

  /** @param dtype how kernels are stored @internal */
  constructor(private readonly dtype: 'f32' | 'f16' = 'f32') {}

  /** Nodes that are added from now on are parts of this operation. @internal */
  begin(op: string): void {
    this.op = op;
  }

  /**
   * Adds a node of one output.
   *
   * @param operator its name in ONNX, of operator set 17
   * @param inputs names of values; empty for one that is left out
   * @returns the name of its output
   */
  node(operator: string, inputs: readonly string[], attributes: Readonly<Record<string, OnnxAttribute>> = {}): string {
    const output = `/${this.nodes.length}/${operator}`;
    this.nodes.push({ operator, inputs, attributes, output, op: this.op });
    return output;
  }

  /** Gives the value of a name to an output of the model. @internal */
  result(output: string, value: string): void {
    this.nodes.push({ operator: 'Identity', inputs: [value], attributes: {}, output, op: this.op });
  }

  /** Stores one number as a float32 tensor without axes. */
  number(value: number): string {
    return this.floats([value], []);
  }

  /** Stores numbers as a float32 tensor; once for the same ones. */
  floats(values: readonly number[], shape: Shape): string {
    const same = values.every((value) => Object.is(value, values[0]));
    return this.once(`/constant.[${shape.join()}].${(same ? values.slice(0, 1) : values).map(written).join('_')}`, (name) => {
      this.tensors.push({ name, shape, dtype: 'f32', known: values, read: () => Promise.resolve(Float32Array.from(values)) });
      return name;
    });
  }

  /** Stores one number all over a shape, as float32; once for the same ones. */
  filled(value: number, shape: Shape): string {
    return this.floats(new Array<number>(elementCount(shape)).fill(value), shape);
  }

  /** Stores whole numbers as an int64 tensor of one axis. */
  integers(values: readonly number[]): string {
    return this.wholes(values, [values.length]);
  }

  /** Stores one whole number as an int64 tensor without axes. */
  integer(value: number): string {
    return this.wholes([value], []);
  }

  private wholes(values: readonly number[], shape: Shape): string {
    return this.once(`/${shape.length === 0 ? 'integer' : 'integers'}.${values.join('_')}`, (name) => {
      this.tensors.push({
        name,
        shape,
        dtype: 'i64',
        known: values,
        integers: values,
        read: () => Promise.resolve(Float32Array.from(values)),
      });
      return name;
    });
  }

  private once(key: string, make: (key: string) => string): string {
    const name = this.made.get(key) ?? make(key);
    this.made.set(key, name);
    return name;
  }

  /** Gives the name under which a value lies in the order of this library; transposed where it does not lie so yet. */
  last(value: GraphValue): string {
    if (value.source) return this.stored(value);
    return value.order === 'last' || value.shape.length !== 4 ? value.name : this.transposed(value.name, LAST_OF_FIRST);
  }

  /** Gives the name under which a value of four axes lies in ONNX's order; transposed where it does not lie so yet. */
  first(value: GraphValue): string {
    if (value.source) return this.stored(value, { axes: FIRST_OF_LAST });
    return value.order === 'first' ? value.name : this.transposed(value.name, FIRST_OF_LAST);
  }

  /** Gives the name under which a value lies in an order: last() or first(). */
  in(order: AxisOrder, value: GraphValue): string {
    return order === 'first' && value.shape.length === 4 ? this.first(value) : this.last(value);
  }

  /** Transposes a value by its name; once for the same axes. */
  transposed(name: string, axes: readonly number[]): string {
    if (axes.every((axis, at) => axis === at)) return name;
    return this.once(`${name} by ${axes.join()}`, () => this.node('Transpose', [name], { perm: [...axes] }));
  }

  /**
   * Permutes the axes of a value, in the order of this library, such as the kernel of a convolution.
   * @param axes axis i of the result is axis axes[i] of the value
   */
  permuted(value: GraphValue, axes: readonly number[]): string {
    if (value.source) return this.stored(value, { axes });
    if (value.shape.length !== 4 || value.order === 'last') return this.transposed(value.name, axes);
    return this.transposed(
      value.name,
      axes.map((axis) => LAST_OF_FIRST[axis]!),
    );
  }

  /** A stored tensor under a shape and order of its own: it is stored so. */
  private stored({ name, source }: GraphValue, { axes, shape }: { axes?: readonly number[]; shape?: Shape } = {}): string {
    const { dtype, shape: own, known } = source!;
    const turned = axes && !axes.every((axis, at) => axis === at) ? axes : null;
    const lying = shape ?? (turned ? permuteShape(own, turned) : own);
    return this.once(`${name} as ${[...(turned ?? []), '/', ...lying].join()}`, () => {
      const taken = this.made.has(`stored ${name}`);
      this.made.set(`stored ${name}`, name);
      // Whatever is made up begins with a slash, as no name of anybody else does.
      const stored = taken ? `/again.${this.tensors.length}/${name}` : name;
      const half = this.dtype === 'f16' && dtype === 'f32' && own.length >= KERNEL_RANK;
      this.tensors.push({
        name: stored,
        shape: lying,
        dtype: half ? 'f16' : dtype,
        ...(known && { known }),
        ...(known && dtype === 'i32' && { integers: turned ? [...permuteNumbers(Int32Array.from(known), own, turned)] : known }),
        read: async () => (turned ? permuteNumbers(await source!.read(), own, turned) : source!.read()),
      });
      return half ? this.node('Cast', [stored], { to: ONNX_FLOAT }) : stored;
    });
  }

  /** Reshapes a value to a shape of as many numbers, which keep their order in this library. */
  reshape(value: GraphValue, shape: Shape): GraphValue {
    const { dtype } = value;
    if (sameShape(value.shape, shape)) return value;
    if (value.source) return { name: this.stored(value, { shape }), shape, dtype, order: 'last' };
    // Of one pixel, or of one channel, both orders are the same.
    const [, height, width, channels] = value.shape;
    const either = value.shape.length === 4 && value.order === 'first' && (height! * width! === 1 || channels === 1);
    const from = either ? permuteShape(value.shape, FIRST_OF_LAST) : value.shape;
    return { name: this.reshaped(either ? value.name : this.last(value), from, shape), shape, dtype, order: 'last' };
  }

  /** Reshapes a value by its name. @param from the shape that it has in the model */
  reshaped(name: string, from: Shape, shape: Shape): string {
    if (sameShape(from, shape)) return name;
    return this.node('Reshape', [name, this.varying(shape, from)]);
  }

  /** Stores lengths as an int64 tensor; of a Reshape, those that depend on the inputs' lengths can be taken over from `from`. */
  varying(values: readonly number[], from: Shape | null = null): string {
    const name = `/lengths.${this.lengths.length}`;
    this.lengths.push({ name, values, from });
    return name;
  }

  /** Says that what is added holds for this length alone: a model for any length is refused. */
  fixedTo(length: number): void {
    this.fixed.push({ op: this.op, length });
  }

  /** Stores where a Slice of an axis of a length ends: at a number, or always at the end of the axis. */
  end(end: number, length: number): string {
    const name = `/lengths.${this.lengths.length}`;
    this.lengths.push({ name, values: [end], from: [length], isEnd: true });
    return name;
  }

  /** Tells where an axis of this library lies in a value of an order. */
  axisIn(order: AxisOrder, rank: number, axis: number): number {
    return order === 'first' && rank === 4 ? LAST_OF_FIRST[axis]! : axis;
  }

  /** Brings operands that broadcast to a shape of this library into one order, so that ONNX broadcasts them the same way. */
  arranged(operands: readonly (GraphValue | number | null)[], shape: Shape): { names: string[]; order: AxisOrder } {
    const there = operands.filter((operand) => operand !== null);
    const inOrder = (operand: GraphValue | number): boolean =>
      typeof operand !== 'number' && operand.shape.length === 4 && operand.order === 'first' && !operand.source;
    const order: AxisOrder = shape.length === 4 && there.some(inOrder) ? 'first' : 'last';
    return { order, names: there.map((operand) => (typeof operand === 'number' ? this.number(operand) : this.aligned(operand, order))) };
  }

  private aligned(value: GraphValue, order: AxisOrder): string {
    const { shape } = value;
    if (order === 'last' || elementCount(shape) === 1 || shape.length === 4) return this.in(order, value);
    if (shape.length === 1) return this.in('last', this.reshape(value, [shape[0]!, 1, 1]));
    return this.first(this.reshape(value, [...new Array<number>(4 - shape.length).fill(1), ...shape]));
  }
}
