import { ShadegradError } from '../errors.js';

/** A shader as the device compiles it, made by `specialise()`: the declarations that specialise it, then what a person wrote. */
export interface Shader {
  /** What messages and profiles call it. */
  readonly name: string;
  /** All of the WGSL. */
  readonly code: string;
}

interface Entry {
  pipeline: GPUComputePipeline | null;
  promise: Promise<GPUComputePipeline> | null;
  /** The same source never compiles later. */
  error: ShadegradError | null;
}

/** Compute pipelines by their final source text; a pipeline that several ask for at once compiles once. */
export class PipelineCache {
  private readonly entries = new Map<string, Entry>();

  constructor(
    private readonly device: GPUDevice,
    private readonly track: <T>(promise: Promise<T>) => Promise<T>,
    private readonly expect: (diagnosis: Promise<ShadegradError | null>) => void,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  /**
   * Compiles now if need be. A compile error is reported at the next point where the program waits.
   * @throws SHADER_COMPILE when the source is known not to compile
   */
  get(shader: Shader): GPUComputePipeline {
    const entry = this.entry(shader);
    if (entry.error) throw entry.error;
    if (!entry.pipeline) {
      this.device.pushErrorScope('validation');
      const module = this.device.createShaderModule({ label: shader.name, code: shader.code });
      entry.pipeline = this.device.createComputePipeline({ label: shader.name, layout: 'auto', compute: { module } });
      this.expect(
        this.track(this.device.popErrorScope()).then(async (error) => {
          if (error) entry.error = await this.explain(shader, module, error.message);
          return entry.error;
        }),
      );
    }
    return entry.pipeline;
  }

  /** Compiles off the calling thread; many of these run in parallel. @throws SHADER_COMPILE */
  async prepare(shader: Shader): Promise<GPUComputePipeline> {
    const entry = this.entry(shader);
    if (entry.error) throw entry.error;
    if (entry.pipeline) return entry.pipeline;
    const pipeline = await (entry.promise ??= this.compile(shader));
    // get() may have been faster; bind groups belong to the pipeline they were made for.
    entry.pipeline ??= pipeline;
    return entry.pipeline;
  }

  private entry(shader: Shader): Entry {
    let entry = this.entries.get(shader.code);
    if (!entry) this.entries.set(shader.code, (entry = { pipeline: null, promise: null, error: null }));
    return entry;
  }

  private async compile(shader: Shader): Promise<GPUComputePipeline> {
    // The scope keeps the module's own error away from the uncaptured-error handler: explain() tells it better.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: shader.name, code: shader.code });
    const scope = this.track(this.device.popErrorScope());
    try {
      return await this.track(this.device.createComputePipelineAsync({ label: shader.name, layout: 'auto', compute: { module } }));
    } catch (cause) {
      throw await this.explain(shader, module, cause instanceof Error ? cause.message : String(cause));
    } finally {
      await scope;
    }
  }

  private async explain(shader: Shader, module: GPUShaderModule, fallback: string): Promise<ShadegradError> {
    const info = await this.track(module.getCompilationInfo());
    const errors = info.messages.filter((message) => message.type === 'error');
    const lines = shader.code.split('\n');
    const where = errors.map(({ lineNum, linePos, message }) => {
      const context: string[] = [];
      for (let line = Math.max(1, lineNum - 2); line <= Math.min(lines.length, lineNum + 2); line++) {
        context.push(`${line === lineNum ? '>' : ' '} ${String(line).padStart(4)} | ${lines[line - 1]}`);
      }
      return `${shader.name}.wgsl:${lineNum}:${linePos}: ${message}\n${context.join('\n')}`;
    });
    return new ShadegradError('SHADER_COMPILE', `shader "${shader.name}" does not compile`, {
      received: where.length > 0 ? where.join('\n') : fallback,
      fix: "line numbers count the prepended declarations too; the marked lines are the compiler's",
    });
  }
}
