import exponentialSource from '../../shaders/shared/exponential.wgsl';
import normalCdfSource from '../../shaders/shared/normal_cdf.wgsl';

/** A function of single elements, in WGSL: `fn apply(x: element) -> element`, or of `(a: element, b: element)`. */
export interface ElementFunction {
  /** What the kernel is called in errors and timings. */
  readonly name: string;
  /** The files it consists of. */
  readonly sources: readonly string[];
}

/** What function files call the types of an element, of its bits, of a whole number and of a truth: four at a time, or one. */
export const VECTOR_TYPES = { element: 'vec4f', words: 'vec4u', whole: 'vec4i', truth: 'vec4<bool>' };
export const SCALAR_TYPES = { element: 'f32', words: 'u32', whole: 'i32', truth: 'bool' };

/** What functions call that have exponentials in them. */
export const exponential = [exponentialSource];
/** What functions call that have the normal distribution in them. */
export const distribution = [exponentialSource, normalCdfSource];

/** A function by its file of shaders/functions/, and the files that it calls. */
export function row(name: string, source: string, uses: readonly string[] = []): ElementFunction {
  return { name, sources: [...uses, source] };
}
