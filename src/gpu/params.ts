/**
 * Packs a kernel's uniform struct. Only u32, i32 and f32 members, in order: these need no padding in WGSL's
 * uniform layout apart from the struct's own end.
 */
export class Params {
  private readonly words: { kind: 'u32' | 'i32' | 'f32'; value: number }[] = [];

  u32(...values: number[]): this {
    for (const value of values) this.words.push({ kind: 'u32', value });
    return this;
  }

  i32(...values: number[]): this {
    for (const value of values) this.words.push({ kind: 'i32', value });
    return this;
  }

  f32(...values: number[]): this {
    for (const value of values) this.words.push({ kind: 'f32', value });
    return this;
  }

  pack(): Uint8Array {
    const view = new DataView(new ArrayBuffer(Math.ceil((this.words.length * 4) / 16) * 16));
    this.words.forEach(({ kind, value }, index) => {
      if (kind === 'f32') view.setFloat32(index * 4, value, true);
      else if (kind === 'i32') view.setInt32(index * 4, value, true);
      else view.setUint32(index * 4, value, true);
    });
    return new Uint8Array(view.buffer);
  }
}
