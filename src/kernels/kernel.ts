import type { Shader } from '../gpu/pipeline-cache.js';
import type { DType } from '../tensor/tensor.js';

/** The compile-time constants of a kernel: whole numbers become `u32`, booleans `bool`. */
export type Constants = Readonly<Record<string, number | boolean>>;

const specialised = new Map<string, Shader>();
/** A number for each text that shaders were joined from. */
const texts = new Map<string, number>();

function numberOf(text: string): number {
  let number = texts.get(text);
  if (number === undefined) texts.set(text, (number = texts.size));
  return number;
}

/** What a storage binding holds, alone and as four neighbours, by the type of the tensor. */
const STORED: Partial<Record<DType, readonly [one: string, four: string]>> = { f32: ['f32', 'vec4f'], f16: ['f16', 'vec4h'] };

/**
 * The type aliases of storage bindings that may hold f32 or f16: NAME_element for the binding NAME. Kernels compute in f32: they convert
 * what they load, `element(x[i])`, and what they store, `y[i] = y_element(value)`, which changes nothing where both types are one.
 *
 * @param width how many numbers an element is
 * @param tensors by the names of their bindings
 */
export function storedTypes(width: 1 | 4, tensors: Readonly<Record<string, { readonly dtype: DType }>>): Record<string, string> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { dtype }]) => [`${name}_element`, STORED[dtype]![width === 4 ? 1 : 0]]));
}

/**
 * Joins what a kernel consists of: constants for the case at hand, then the WGSL texts as they were written. The result is the same
 * object for the same arguments, so that nothing is assembled twice.
 *
 * @param name for messages and profiles; kernels of other sources may have the same
 * @param aliases WGSL type aliases by name, such as { element: 'vec4f' }; one of f16 enables that type
 * @param directives what WGSL wants before everything else, such as `enable subgroups;`
 */
export function specialise(
  name: string,
  sources: readonly string[],
  constants: Constants = {},
  aliases: Readonly<Record<string, string>> = {},
  directives = '',
): Shader {
  let key = name;
  for (const constant in constants) key += `|${constant}=${constants[constant]}`;
  for (const alias in aliases) key += `|${alias}:${aliases[alias]}`;
  for (const source of sources) key += `|${numberOf(source)}`;
  key += `|${numberOf(directives)}`;
  let shader = specialised.get(key);
  if (!shader) {
    const declarations = [
      ...Object.entries(aliases).map(([alias, type]) => `alias ${alias} = ${type};`),
      ...Object.entries(constants).map(([constant, value]) =>
        typeof value === 'boolean' ? `const ${constant} = ${value};` : `const ${constant} = ${value}u;`,
      ),
    ];
    const half = Object.values(aliases).some((type) => type === 'f16' || type === 'vec4h');
    shader = { name, code: [half ? 'enable f16;' : '', directives, ...declarations, ...sources].join('\n') };
    specialised.set(key, shader);
  }
  return shader;
}

/**
 * Counts the workgroups for `count` invocations in a row, folded into two dimensions: one holds at most 65,535.
 *
 * @param workgroupSize invocations in a workgroup
 * @returns the workgroups in each dimension, for gpu.dispatch()
 */
export function grid(count: number, workgroupSize: number): [number, number, number] {
  const groups = Math.ceil(count / workgroupSize);
  const x = Math.min(groups, 32768);
  return [x, Math.ceil(groups / x), 1];
}
