/** Options as the library's optimisers have them, each with its value. */
export interface ReferenceOptions {
  readonly kind: 'Adam' | 'AdamW' | 'SGD';
  readonly learningRate: number;
  readonly betas?: readonly [number, number];
  readonly epsilon?: number;
  readonly amsgrad?: boolean;
  readonly momentum?: number;
  readonly dampening?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

/** Adam, AdamW and SGD in float64, as their papers and PyTorch's documentation write them. */
export class OptimizerReference {
  private step = 0;
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private readonly largest: Float64Array;

  constructor(
    readonly parameters: Float64Array,
    private readonly options: ReferenceOptions,
  ) {
    [this.first, this.second, this.largest] = [0, 0, 0].map(() => new Float64Array(parameters.length)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  }

  update(gradients: ArrayLike<number>): void {
    const { kind, learningRate, weightDecay = 0 } = this.options;
    this.step++;
    for (let i = 0; i < this.parameters.length; i++) {
      const p = this.parameters[i]!;
      if (kind === 'AdamW') this.parameters[i] = p * (1 - learningRate * weightDecay) - learningRate * this.adamDirection(i, gradients[i]!);
      else {
        const gradient = gradients[i]! + weightDecay * p;
        this.parameters[i] = p - learningRate * (kind === 'SGD' ? this.sgdDirection(i, gradient) : this.adamDirection(i, gradient));
      }
    }
  }

  private adamDirection(i: number, g: number): number {
    const { betas: [beta1, beta2] = [0.9, 0.999], epsilon = 1e-8, amsgrad = false } = this.options;
    this.first[i] = beta1 * this.first[i]! + (1 - beta1) * g;
    this.second[i] = beta2 * this.second[i]! + (1 - beta2) * g * g;
    this.largest[i] = Math.max(this.largest[i]!, this.second[i]!);
    const second = (amsgrad ? this.largest[i]! : this.second[i]!) / (1 - beta2 ** this.step);
    return this.first[i]! / (1 - beta1 ** this.step) / (Math.sqrt(second) + epsilon);
  }

  private sgdDirection(i: number, g: number): number {
    const { momentum = 0, dampening = 0, nesterov = false } = this.options;
    if (momentum === 0) return g;
    this.first[i] = this.step === 1 ? g : momentum * this.first[i]! + (1 - dampening) * g;
    return nesterov ? g + momentum * this.first[i]! : this.first[i]!;
  }
}
