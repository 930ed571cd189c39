import { patchOverlay } from 'shadegrad';
import type { VNode } from 'preact';
import { hrefOf } from '../../shell/route.js';
import { Check, Choice, FileButton, Slider, Toggle } from '../../common/controls.js';
import type { OpenModel } from '../../common/models.js';
import { fieldOf } from './field.js';
import { FieldStep } from './field-step.js';
import { skipLayers, type Look, type LookOptions } from './looking.js';
import { featureSheet, nameLayers } from './maps.js';
import { Picture } from './picture.js';
import { askDiscriminator, EXAMPLES, given, givenTo, options, takeExample, takeFile, verdict, type Subject } from './state.js';

/** What a step is given: there is a model, and it has been run. */
export interface StepProps {
  readonly model: OpenModel;
  readonly picture: Subject;
  readonly found: Look;
}

/** A step of the guide: what it explains, and one thing to do. */
export interface Step {
  readonly title: string;
  readonly text: string;
  /** The thing to do. */
  readonly task: string;
  View(props: StepProps): VNode;
}

const MOST_CHANNELS = 64;
const change = (part: Partial<LookOptions>): void => void (options.value = { ...options.peek(), ...part });

function InputView({ model, picture, found }: StepProps): VNode {
  return (
    <>
      <div class="buttons">
        {Array.from({ length: EXAMPLES }, (_, index) => (
          <button key={index} type="button" aria-pressed={picture.example === index} onClick={() => takeExample(model, index)}>
            Building {index + 1}
          </button>
        ))}
        <Choice
          label="Give it"
          value={givenTo(model)}
          options={[
            { value: 'labels', label: 'the labels' },
            { value: 'photos', label: 'the photo' },
          ]}
          onChange={(half) => {
            given.value = half;
            takeExample(model, picture.example ?? 0);
          }}
        />
        <FileButton label="A picture of yours" accept="image/*" onFiles={([file]) => void takeFile(file!)} />
      </div>
      <div class="learn-pictures">
        <Picture image={picture.input} label="What goes in" />
        <Picture image={found.image} label="What the generator makes of it" />
        {picture.truth && <Picture image={picture.truth} label="What belongs to it in truth" />}
      </div>
    </>
  );
}

function FieldView({ picture, found }: StepProps): VNode {
  return <FieldStep key={picture.name} image={found.image} />;
}

function PatchView({ found, picture }: StepProps): VNode {
  const scores = verdict.value;
  const percent = (mean: number): string => `${Math.round(100 * mean)}%`;
  return (
    <>
      <div class="buttons">
        <FileButton label="Open a checkpoint" accept=".safetensors,.pth,.pt" multiple onFiles={(files) => void askDiscriminator(files)} />
      </div>
      {!scores && (
        <p>
          No discriminator is open. The site’s models are generators alone, since only training needs the other half, and one with random
          weights would show nothing. Every checkpoint that training leaves has both: open one, from the Train page or of{' '}
          <code>npx shadegrad train</code>.
        </p>
      )}
      {scores && (
        <div class="learn-pictures">
          <Picture
            image={patchOverlay(found.image, scores.made)}
            label={`The generator’s picture: taken for real by ${percent(scores.made.mean)}`}
          />
          {picture.truth && scores.truth && (
            <Picture
              image={patchOverlay(picture.truth, scores.truth)}
              label={`The true picture: taken for real by ${percent(scores.truth.mean)}`}
            />
          )}
        </div>
      )}
      {scores && <p class="quiet">Yellow: taken for real. Violet: taken for made by the generator. Each patch is judged by itself.</p>}
    </>
  );
}

function FeatureView({ model, found }: StepProps): VNode {
  const rows = nameLayers(found.layers);
  const layer = Math.min(options.value.layer ?? 0, rows.length - 1);
  // The picture is of the layer that was looked at last, until the newest has been computed.
  const { title, depth } = rows[Math.min(found.how.layer ?? layer, rows.length - 1)]!;
  const field = depth === null ? null : fieldOf(model.generator, depth).size;
  return (
    <>
      <Slider
        label="Layer"
        value={layer + 1}
        min={1}
        max={rows.length}
        words={rows[layer]!.title}
        onInput={(value) => change({ layer: value - 1 })}
      />
      {found.map && (
        <div class="learn-pictures">
          <Picture image={featureSheet(found.map, MOST_CHANNELS)} label={`What each channel of this layer holds. ${title}`} pixels />
          <Picture image={found.image} label="What comes out in the end" />
        </div>
      )}
      <p class="quiet">
        Each square is a channel, in grey from its own smallest number (black) to its own largest (white), before the norm and the
        activation; at most {MOST_CHANNELS} are shown.{field !== null && ` One pixel here sees ${field} x ${field} pixels of the picture.`}
      </p>
    </>
  );
}

function SkipView({ model, found }: StepProps): VNode {
  const count = skipLayers(model.generator).length;
  const { skipsOff } = options.value;
  const cut = found.how.skipsOff.length;
  const flip = (level: number, on: boolean): void =>
    change({ skipsOff: on ? skipsOff.filter((each) => each !== level) : [...skipsOff, level] });
  const all = Array.from({ length: count }, (_, at) => at + 1);
  if (count === 0) return <p>This model has no skip connections: only U-Nets have them. Choose another model above.</p>;
  return (
    <>
      <div class="buttons">
        <Toggle label="All skips off" on={skipsOff.length === count} onChange={(off) => change({ skipsOff: off ? all : [] })} />
        {all.map((level) => (
          <Check
            key={level}
            label={`Skip ${level} (${model.width / 2 ** level} x ${model.height / 2 ** level})`}
            on={!skipsOff.includes(level)}
            onChange={(on) => flip(level, on)}
          />
        ))}
      </div>
      <div class="learn-pictures">
        <Picture image={found.image} label={cut === 0 ? 'With every skip connection' : `Without ${cut} of ${count} skip connections`} />
      </div>
    </>
  );
}

function DropoutView({ model, found }: StepProps): VNode {
  const { dropout, seed } = options.value;
  const { dropout: rate = 0 } = model.generator.options as { readonly dropout?: number };
  if (rate === 0) return <p>This model was built without dropout, so that one drawing has one picture. Choose another model above.</p>;
  return (
    <>
      <div class="buttons">
        <Toggle label="Dropout" on={dropout} onChange={(on) => change({ dropout: on })} />
        <Slider label="Seed" value={seed} min={1} max={20} disabled={!dropout} onInput={(value) => change({ seed: value })} />
      </div>
      <div class="learn-pictures">
        <Picture image={found.image} label={found.how.dropout ? `With dropout, seed ${found.how.seed}` : 'Without dropout'} />
      </div>
    </>
  );
}

/** The steps in their order. */
export const STEPS: readonly Step[] = [
  {
    title: 'A picture goes in, a picture comes out',
    text:
      'The generator has seen pairs of pictures, and has learnt to make the second of the first. It knows nothing else ' +
      'about the world.',
    task: 'Choose another building, or a picture of yours, and see what it makes of it.',
    View: InputView,
  },
  {
    title: 'What the discriminator sees',
    text:
      'While the generator learns, a second network tells its pictures from real ones. It never sees a whole picture: each ' +
      'of its outputs judges one square, its receptive field. Larger squares ask for larger structures to be right.',
    task: 'Move over the picture, or use the sliders, and compare 1, 16, 34, 70 and 286 pixels.',
    View: FieldView,
  },
  {
    title: 'What it says of each patch',
    text: 'All verdicts together are a map: where the picture looks real, and where it gives itself away.',
    task: 'Open a checkpoint of a training run, and look where its discriminator is not fooled.',
    View: PatchView,
  },
  {
    title: 'Inside the generator, layer by layer',
    text:
      'The encoder makes the picture smaller and smaller, and says more and more about each place. The decoder makes it ' +
      'large again. What a layer holds is a stack of small pictures, its channels.',
    task: 'Move the slider from the first layer to the last.',
    View: FeatureView,
  },
  {
    title: 'Skip connections',
    text:
      'At the smallest layer hardly anything is left of where things were. So each layer of the encoder also hands its ' +
      'result across to the decoder. Here you can put zeros in their place; everything else stays as it was.',
    task: 'Switch off the outermost skip, then all of them, and see what is lost.',
    View: SkipView,
  },
  {
    title: 'Dropout and seeds',
    text:
      'Dropout sets half of the numbers in some layers to zero, by a throw of the dice. It was meant for training; pix2pix ' +
      'leaves it on, since nothing else in it is left to chance. The seed decides the dice: one seed, one picture.',
    task: 'Switch dropout on and try other seeds. How much changes?',
    View: DropoutView,
  },
];

/** The end of the guide. */
export function Onwards(): VNode {
  return (
    <p>
      Now draw something of your own, and watch it being translated: <a href={hrefOf('draw')}>go to Draw</a>.
    </p>
  );
}
