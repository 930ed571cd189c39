import { ShadegradError } from '../../errors.js';
import { conv2dForward } from '../../kernels/conv2d/conv2d.js';
import { expectFloats, expectTensor } from '../../kernels/elements.js';
import * as kernel from '../../kernels/matmul.js';
import { expectOptions } from '../../checks.js';
import { expectShape, formatShape, sameShape, type Shape } from '../../tensor/shape.js';
import type { Tensor } from '../../tensor/tensor.js';
import { called } from '../calls.js';
import { rule, track, where } from '../graph.js';
import { packed } from './axes.js';
import { expandTo, sumTo } from './broadcasting.js';
import type { OutOption } from './options.js';
import { sumRows } from './rows.js';
import { inSingle } from './cast.js';

/** Options of matmul(): which operands are transposed. */
export interface MatmulOptions {
  /** Whether to take the last two axes of a in the other order, without a copy. Default false. */
  transposeA?: boolean;
  /** Whether to take the last two axes of b in the other order, without a copy. Default false. */
  transposeB?: boolean;
}

/**
 * Multiplies matrices: the last two axes of a and b, one product for each entry of the axes before them, which broadcast; torch.matmul.
 * [..., m, k] times [..., k, n] is [..., m, n]. As in PyTorch, a vector on the left is one row and a vector on the right one column,
 * and that axis is not in the result; of two vectors it is a tensor of one number, [1].
 *
 * @throws SHAPE_MISMATCH for shapes that do not go together, and tensors without axes; INVALID_ARGUMENT for other types and options
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  expectTensor('matmul', 'a', a);
  expectTensor('matmul', 'b', b);
  const { transposeA = false, transposeB = false } = expectOptions('matmul', options, ['transposeA', 'transposeB']);
  const [row, column] = [a.shape.length < 2, b.shape.length < 2];
  if (a.shape.length === 0 || b.shape.length === 0) {
    throw new ShadegradError('SHAPE_MISMATCH', 'operands of matmul', {
      expected: 'vectors, matrices or batches of matrices',
      received: `${formatShape(a.shape)} and ${formatShape(b.shape)}`,
      fix: 'multiply by a single number element by element',
    });
  }
  if ((row && transposeA) || (column && transposeB)) {
    throw new ShadegradError('INVALID_ARGUMENT', 'transposed operand of matmul', {
      expected: 'at least two axes',
      received: formatShape(row && transposeA ? a.shape : b.shape),
      fix: 'leave transposeA or transposeB out for a vector',
    });
  }
  return called('matmul', [a, b], { transposeA, transposeB }, () => {
    const [left, right] = [row ? a.reshape([1, a.size]) : a, column ? packed(b).reshape([b.size, 1]) : b];
    const y = batched(left, right, { transposeA, transposeB });
    if (!row && !column) return y;
    const shape = [...y.shape.slice(0, -2), ...(row ? [] : [y.shape.at(-2)!]), ...(column ? [] : [y.shape.at(-1)!])];
    return y.reshape(shape.length > 0 ? shape : [1]);
  });
}

function batched(a: Tensor, b: Tensor, options: Required<MatmulOptions>): Tensor {
  const [batchA, batchB] = [a.shape.slice(0, -2), b.shape.slice(0, -2)];
  const batch = broadcast(batchA, batchB, a.shape, b.shape);
  const matrices = (x: Tensor): Tensor =>
    x.shape.length > 2 && x.shape.slice(0, -2).every((length) => length === 1) ? packed(x).reshape(x.shape.slice(-2)) : x;
  const spread = (x: Tensor): Tensor =>
    x.shape.length === 2 || sameShape(x.shape.slice(0, -2), batch) ? x : expandTo(x, [...batch, ...x.shape.slice(-2)]);
  const [left, right] = [spread(matrices(a)), spread(matrices(b))];
  const [m, k] = options.transposeA ? [left.shape.at(-1)!, left.shape.at(-2)!] : [left.shape.at(-2)!, left.shape.at(-1)!];
  if (right.shape.length > 2 || options.transposeA || left.shape.length === 2) {
    const y = product(left, right, options);
    const shape = [...batch, ...y.shape.slice(-2)];
    return sameShape(y.shape, shape) ? y : y.reshape(shape);
  }
  // One matrix on the right: the batch is only more rows.
  const y = product(left.reshape([left.size / k, k]), right, options);
  return y.reshape([...batch, m, y.channels]);
}

function broadcast(a: Shape, b: Shape, wholeA: Shape, wholeB: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const padded = (shape: Shape): number[] => [...Array<number>(rank - shape.length).fill(1), ...shape];
  const [left, right] = [padded(a), padded(b)];
  return left.map((length, axis) => {
    const other = right[axis]!;
    if (length === other || other === 1) return length;
    if (length === 1) return other;
    throw new ShadegradError('SHAPE_MISMATCH', 'batch axes of matmul', {
      expected: 'axes before the last two that are equal, 1, or not there',
      received: `${formatShape(wholeA)} and ${formatShape(wholeB)}`,
      fix: 'bring both operands to one batch, or to a batch of 1',
    });
  });
}

/** The product as the kernel knows it: equal batch axes, or none on one side. */
function product(left: Tensor, right: Tensor, { transposeA, transposeB }: Required<MatmulOptions>): Tensor {
  const [a, b] = [inSingle(left), inSingle(right)];
  const y = kernel.matmul(a, b, { transposeA, transposeB });
  // Bilinear: each operand's gradient is the product of y's and the other operand. Where one matrix served the batch, its gradients add up.
  return track(
    'matmul',
    [a, b],
    y,
    rule(
      ([da, db]) => where([da, b], [db, a]),
      (dy, [da, db]) => [
        da
          ? sumTo(
              transposeA
                ? product(b, dy, { transposeA: transposeB, transposeB: true })
                : product(dy, b, { transposeA: false, transposeB: !transposeB }),
              a.shape,
            )
          : null,
        db
          ? sumTo(
              transposeB
                ? product(dy, a, { transposeA: true, transposeB: transposeA })
                : product(a, dy, { transposeA: !transposeA, transposeB: false }),
              b.shape,
            )
          : null,
      ],
    ),
  );
}

/**
 * Multiplies x by a weight and adds a bias: a fully connected layer over the last axis; torch.nn.functional.linear.
 *
 * @param x [..., in]
 * @param weight [in, out], as a convolution's without its kernel axes (PyTorch stores [out, in])
 * @param bias [out] or null
 * @returns [..., out]
 * @throws SHAPE_MISMATCH for shapes that do not go together; INVALID_ARGUMENT for other types and options
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null, options: OutOption = {}): Tensor {
  const { out } = expectOptions('linear', options, ['out']);
  expectTensor('linear', 'x', x);
  expectTensor('linear', 'weight', weight);
  if (bias) expectTensor('linear', 'bias', bias);
  if (x.shape.length === 0) {
    throw new ShadegradError('SHAPE_MISMATCH', 'input of linear', {
      expected: '[..., in]',
      received: formatShape(x.shape),
      fix: 'give it an axis first: x.reshape([1])',
    });
  }
  const [inputs, outputs] = [x.channels, weight.channels];
  expectShape('weight of linear', [inputs, weight.shape.length === 2 ? outputs : -1], weight.shape);
  if (bias) expectShape('bias of linear', [outputs], bias.shape);
  expectFloats('linear', { x }, { weight, bias, out });
  if (out) expectShape('out of linear', [...x.shape.slice(0, -1), outputs], out.shape);
  return called('linear', [x, weight, bias], {}, () => affine(inSingle(x), weight, bias, out));
}

function affine(x: Tensor, weight: Tensor, bias: Tensor | null, out: Tensor | undefined): Tensor {
  const [inputs, outputs] = [x.channels, weight.channels];
  // The kernel of the convolution reads its weights as one run of numbers.
  const whole = packed(weight);
  const views = [x.viewAs([1, 1, x.rows, inputs]), whole.viewAs([1, 1, inputs, outputs]), out?.viewAs([1, 1, x.rows, outputs])] as const;
  const y = conv2dForward(views[0], views[1], bias, { stride: [1, 1], padding: [0, 0] }, views[2]);
  const result = out ?? y.viewAs([...x.shape.slice(0, -1), outputs]);
  for (const view of [...views, y]) view?.dispose();
  return track(
    'linear',
    bias ? [x, whole, bias] : [x, whole],
    result,
    rule(
      ([dx, dw]) => where([dx, whole], [dw, x]),
      (dy, [dx, dw, db]) => {
        const rows = (tensor: Tensor): Tensor => tensor.reshape([tensor.rows, tensor.channels]);
        return [
          dx ? product(rows(dy), whole, { transposeA: false, transposeB: true }).reshape(x.shape) : null,
          dw ? product(rows(x), rows(dy), { transposeA: true, transposeB: false }) : null,
          db ? sumRows(dy) : null,
        ];
      },
    ),
  );
}
