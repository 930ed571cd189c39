import { listenToCalls, type Call, type CallListener } from '../autograd/calls.js';
import { isTracking } from '../autograd/graph.js';
import { gradientOf, hasGradient } from '../autograd/gradient-slots.js';
import { ShadegradError } from '../errors.js';
import type { Gpu } from '../gpu/gpu.js';
import { copy } from '../kernels/elementwise.js';
import { noteNotFinite } from '../kernels/loss-scale.js';
import type { Network } from '../models/kind.js';
import { view } from '../nn/parameter-arena.js';
import { Tensor } from '../tensor/tensor.js';
import type { Networks } from './scheme.js';

/** Numbers of a note, as noteNotFinite() writes it, and the place of the one that says what it found. */
const NOTE = { size: 5, found: 2 } as const;
/** Notes of one tensor. */
const CHUNK = 256;

/**
 * Looks at what the layers of an eager step make and at the gradients that it leaves, and finds the first that is not finite. What is
 * computed on the way back is known by the gradients alone.
 */
export class FiniteWatch implements CallListener {
  private readonly names: ReadonlyMap<Tensor, string>;
  private readonly what: string[] = [];
  private readonly chunks: Tensor[] = [];
  /** The layer that ran last. */
  private layer: string | null = null;
  private looking = false;

  /** @param scaled whether gradients are of scaled losses: such may be infinite, and the step is left out then */
  constructor(
    private readonly gpu: Gpu,
    private readonly networks: Networks,
    private readonly scaled: boolean,
  ) {
    const named = Object.entries<Network>(networks).flatMap(([network, module]) =>
      [...module.namedParameters()].map(([name, tensor]): [Tensor, string] => [tensor, `${network}.${name}`]),
    );
    this.names = new Map(named);
  }

  /** Runs a step, and looks at what its operations make, and at the gradients that it leaves. */
  run(step: () => void): void {
    listenToCalls(this, step);
    if (this.scaled) return;
    // The way back comes to the last layers first.
    for (const [tensor, name] of [...this.names].reverse()) {
      if (hasGradient(tensor)) this.note(gradientOf(tensor)!, `the gradient of ${name}`);
    }
  }

  begin(): void {}

  end({ op, operands, output }: Call): void {
    if (this.looking || !isTracking()) return;
    const parameter = operands.find((each): each is Tensor => each instanceof Tensor && this.names.has(each));
    // Of a weight "generator.model.0.weight" the layer is what stands before its last word.
    if (parameter) this.layer = this.names.get(parameter)!.replace(/\.[^.]*$/, '');
    const where = parameter ? ` of ${this.layer}` : this.layer === null ? '' : `, after ${this.layer}`;
    if (output.dtype === 'f32' || output.dtype === 'f16') this.note(output, `the output of ${op}${where}`);
  }

  /** Notes on the device whether a tensor holds what is not finite. */
  private note(tensor: Tensor, what: string): void {
    this.looking = true;
    try {
      const at = this.what.length % CHUNK;
      if (at === 0) this.chunks.push(Tensor.from(this.gpu, new Float32Array(CHUNK * NOTE.size), [CHUNK * NOTE.size], 'notes').keep());
      const note = view(this.chunks[this.chunks.length - 1]!, [NOTE.size], at * NOTE.size);
      // As f32 without gaps, whatever it is.
      const whole = copy(tensor, Tensor.empty(this.gpu, tensor.shape, 'what is looked at'));
      noteNotFinite(whole, note);
      whole.dispose();
      note.dispose();
      this.what.push(what);
    } finally {
      this.looking = false;
    }
  }

  /**
   * Waits for the step.
   *
   * @param step its number, from 1
   * @throws DIVERGED with the first result that is not finite
   */
  async check(step: number): Promise<void> {
    const notes = await Promise.all(this.chunks.map((chunk) => chunk.data()));
    const first = this.what.findIndex((_, at) => notes[Math.floor(at / CHUNK)]![(at % CHUNK) * NOTE.size + NOTE.found] !== 0);
    if (first < 0) return;
    throw new ShadegradError('DIVERGED', `The training diverged at step ${step}: ${this.what[first]!} is the first that is not finite`, {
      expected: `finite results of ${Object.keys(this.networks).join(' and ')}`,
      received: `NaN or an infinity in result ${first + 1} of the ${this.what.length} of the step`,
      fix: 'train anew with a lower learning rate, clipped gradients (--clip-grad 1) or in f32; and look at the images of this step',
    });
  }

  /** Gives its memory back. */
  dispose(): void {
    for (const chunk of this.chunks.splice(0)) chunk.dispose();
  }
}
