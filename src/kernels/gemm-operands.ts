import type { Constants } from './kernel.js';
import aVec4Source from '../../shaders/shared/a_vec4.wgsl';
import aScalarSource from '../../shaders/shared/a_scalar.wgsl';
import bVec4Source from '../../shaders/shared/b_vec4.wgsl';
import bScalarSource from '../../shaders/shared/b_scalar.wgsl';

interface Operand {
  readonly source: string;
  /** Part of the shader's key: which access the source was joined with. */
  readonly constants: Constants;
}

/** `load_a` for a tensor whose rows are whole vectors, or for any. */
export function operandA(vectorizable: boolean): Operand {
  return { source: vectorizable ? aVec4Source : aScalarSource, constants: { A_VECTORIZED: vectorizable } };
}

/** `load_b`, likewise. */
export function operandB(vectorizable: boolean): Operand {
  return { source: vectorizable ? bVec4Source : bScalarSource, constants: { B_VECTORIZED: vectorizable } };
}
