/** torch.optim.Adam in float64, without weight decay. */
export class AdamReference {
  private readonly first: Float64Array;
  private readonly second: Float64Array;
  private step = 0;

  constructor(
    readonly parameters: Float64Array,
    private readonly betas: readonly [number, number],
    private readonly epsilon: number,
  ) {
    this.first = new Float64Array(parameters.length);
    this.second = new Float64Array(parameters.length);
  }

  update(gradients: ArrayLike<number>, learningRate: number): void {
    const [beta1, beta2] = this.betas;
    this.step++;
    for (let i = 0; i < this.parameters.length; i++) {
      const g = gradients[i]!;
      this.first[i] = beta1 * this.first[i]! + (1 - beta1) * g;
      this.second[i] = beta2 * this.second[i]! + (1 - beta2) * g * g;
      const first = this.first[i]! / (1 - beta1 ** this.step);
      const second = this.second[i]! / (1 - beta2 ** this.step);
      this.parameters[i]! -= (learningRate * first) / (Math.sqrt(second) + this.epsilon);
    }
  }
}
