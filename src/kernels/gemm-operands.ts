import type { Tensor } from '../tensor/tensor.js';
import { storedTypes, type Constants } from './kernel.js';
import aVec4Source from '../../shaders/shared/a_vec4.wgsl';
import aScalarSource from '../../shaders/shared/a_scalar.wgsl';
import bVec4Source from '../../shaders/shared/b_vec4.wgsl';
import bScalarSource from '../../shaders/shared/b_scalar.wgsl';

export interface Operand {
  readonly source: string;
  /** Part of the shader's key: which access the source was joined with. */
  readonly constants: Constants;
  /** The type of what it reads. */
  readonly aliases: Readonly<Record<string, string>>;
}

/** `load_a` for a tensor, f32 or f16, whose rows are whole vectors, or for any. */
export function operandA(tensor: Tensor, vectorizable = tensor.vectorizable): Operand {
  return {
    source: vectorizable ? aVec4Source : aScalarSource,
    constants: { A_VECTORIZED: vectorizable },
    aliases: storedTypes(vectorizable ? 4 : 1, { a: tensor }),
  };
}

/** `load_b`, likewise. */
export function operandB(tensor: Tensor, vectorizable = tensor.vectorizable): Operand {
  return {
    source: vectorizable ? bVec4Source : bScalarSource,
    constants: { B_VECTORIZED: vectorizable },
    aliases: storedTypes(vectorizable ? 4 : 1, { b: tensor }),
  };
}
