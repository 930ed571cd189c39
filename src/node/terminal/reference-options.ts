import { ShadegradError } from '../../errors.js';

/** Gives the text that was typed for an option, by any of its names: here or in the reference program. */
export type Typed = (...names: readonly string[]) => string | undefined;

/**
 * What an option of a reference program means here, where it is more than another name of one flag with the same values: a flag or several
 * for each of its values, or a value that is made of several options.
 */
export type Meaning =
  | { readonly values: Readonly<Record<string, Readonly<Record<string, string>>>> }
  | {
      /** The flags that several options make together, each with its value. */
      readonly flags: (typed: Typed) => Readonly<Record<string, string>>;
      /** The flag among them that leaves nothing to be made where it is given by its own name. */
      readonly main: string;
      readonly says: string;
    }
  | {
      readonly value: (typed: Typed) => string;
      /** How the value is made, for the page of all options. */
      readonly says: string;
    };

/** The folder of a run there: one in the folder of all runs. */
const RUN_FOLDER: Meaning = {
  says: 'with the folder of `--checkpoints_dir` (by default `runs`), and in it that of `--name`',
  value: (typed) => `${typed('checkpoints_dir') ?? 'runs'}/${typed('name') ?? 'experiment_name'}`,
};

/** Epochs there: those of one learning rate and those in which it falls (of a cosine, those after it has come to 0). */
const EPOCHS: Meaning = {
  says: 'with the sum of `--n_epochs` and `--n_epochs_decay` (by default 100 each)',
  main: 'epochs',
  flags(typed) {
    const [constant = '100', falling = '100'] = [typed('n_epochs', 'niter'), typed('n_epochs_decay', 'niter_decay')];
    if (![constant, falling].every((each) => /^\d+$/.test(each.trim())) || Number(constant) + Number(falling) === 0) {
      throw new ShadegradError('BAD_FLAG', '--n_epochs and --n_epochs_decay are no numbers of epochs', {
        expected: 'whole numbers, one of them above 0',
        received: `${constant} and ${falling}`,
        fix: 'write --epochs N, and --epochs-decay N for the last of them',
      });
    }
    const differ = Number(constant) !== Number(falling) || typed('lr-policy', 'lr_policy') === 'cosine';
    return { epochs: String(Number(constant) + Number(falling)), ...(differ && { 'epochs-decay': String(Number(falling)) }) };
  },
};

const FALLING: Meaning = { ...EPOCHS, says: 'where it is not `--n_epochs` (or `--lr_policy` is cosine); `--epochs` is the sum of both' };

/** What is counted in images there is counted in steps here. */
const inSteps = (name: string, flag: string): Meaning => ({
  says: 'in steps, not in images',
  value(typed) {
    const images = typed(name)!;
    const batch = typed('batch', 'batch_size', 'batchSize');
    if (batch === undefined) {
      throw new ShadegradError('BAD_FLAG', `--${name} counts images, and how many there are in a step is not said`, {
        expected: '--batch with it, or a number of steps',
        received: `--${name} ${images}`,
        fix: `write --batch N, too, or --${flag} STEPS`,
      });
    }
    const steps = Number(images) / Number(batch);
    // What is no number of images is left to the flag, which says what it takes.
    return Number.isFinite(steps) && steps > 0 && images.trim() !== '' ? String(Math.max(1, Math.round(steps))) : images;
  },
});

/** A U-Net that halves its images as often as one of this size here. */
const unet = (size: string): Readonly<Record<string, string>> => ({ generator: 'unet', size });
const resnet = (blocks: string): Readonly<Record<string, string>> => ({ generator: 'resnet', blocks });

/**
 * Options of pytorch-CycleGAN-and-pix2pix that mean more than another name of a flag. A flag's row lists the names that it has there
 * (`reference`); those that are not in this table have the values of that flag.
 */
export const MEANINGS: Readonly<Record<string, Meaning>> = {
  model: {
    values: {
      pix2pix: { scheme: 'pix2pix' },
      cycle_gan: { scheme: 'cyclegan' },
      colorization: { scheme: 'pix2pix', 'colour-space': 'lab', make: 'lab' },
    },
  },
  dataset_mode: { values: { aligned: { 'colour-space': 'rgb' }, colorization: { 'colour-space': 'lab', make: 'lab' } } },
  netG: { values: { resnet_9blocks: resnet('9'), resnet_6blocks: resnet('6'), unet_256: unet('256'), unet_128: unet('128') } },
  // The reference reads --n_layers_D of n_layers alone.
  netD: {
    values: {
      basic: { discriminator: 'patchgan', 'discriminator-layers': '3' },
      n_layers: { discriminator: 'patchgan' },
      pixel: { discriminator: 'pixelgan' },
    },
  },
  model_suffix: { values: { _A: { network: 'generatorA' }, _B: { network: 'generatorB' } } },
  name: RUN_FOLDER,
  checkpoints_dir: RUN_FOLDER,
  n_epochs: EPOCHS,
  n_epochs_decay: FALLING,
  niter: EPOCHS,
  niter_decay: FALLING,
  save_latest_freq: inSteps('save_latest_freq', 'save-every'),
  update_html_freq: inSteps('update_html_freq', 'report-every'),
};

/** Options that mean nothing here, whether they take a value, and what is said about them; the training is the same without them. */
export const DEAD_OPTIONS: Readonly<Record<string, { readonly takesValue: boolean; readonly note: string }>> = {
  gpu_ids: { takesValue: true, note: '--adapter chooses the GPU here' },
  display_id: { takesValue: true, note: 'the pictures are in report.html' },
  display_server: { takesValue: true, note: 'the pictures are in report.html' },
  display_env: { takesValue: true, note: 'the pictures are in report.html' },
  display_port: { takesValue: true, note: 'the pictures are in report.html' },
  display_ncols: { takesValue: true, note: 'the pictures are in report.html' },
  display_winsize: { takesValue: true, note: 'the page shows pictures at their size' },
  display_freq: { takesValue: true, note: '--report-every says how often pictures are made' },
  print_freq: { takesValue: true, note: 'log.jsonl has the losses of every step' },
  no_html: { takesValue: false, note: 'report.html is one file, and always written' },
  num_threads: { takesValue: true, note: 'pictures are read ahead by as many threads as help' },
  nThreads: { takesValue: true, note: 'pictures are read ahead by as many threads as help' },
  num_workers: { takesValue: true, note: 'pictures are read ahead by as many threads as help' },
  verbose: { takesValue: false, note: 'shadegrad inspect prints the networks' },
};

/** Options that mean something, which there is not here, and what there is instead. */
export const MISSING_OPTIONS: Readonly<Record<string, string>> = {
  input_nc: 'begin with networks of so many channels (--from FILE), or leave it out',
  output_nc: 'begin with networks of so many channels (--from FILE), or leave it out',
  netD: "leave it out for the scheme's own discriminator, or begin with another (--from-discriminator FILE)",
  netG: "leave it out for the scheme's own generator, or begin with another (--from FILE)",
  n_layers_D: "leave it out for the scheme's own discriminator, or begin with another (--from-discriminator FILE)",
  norm: "leave it out for the norm of the scheme's networks, or begin with networks of another (--from FILE)",
  init_type: "leave it out for the scheme's own, or begin with weights of a file (--from FILE)",
  init_gain: "leave it out for the scheme's own, or begin with weights of a file (--from FILE)",
  load_size: "leave it out for the scheme's own, or write --no-jitter for images of --size without a crop",
  preprocess: 'leave it out for images that are resized and cropped, or write --no-jitter for no crop',
  no_flip: 'leave it out: images are mirrored only where --mirror asks for it',
  dataset_mode: 'leave it out: the scheme decides what its data are',
  dataset: '--data names a folder, --with-data further ones: write these',
  celeba_image_dir: 'write --data with the folder that holds both the pictures and list_attr_celeba.txt',
  attr_path: 'write --data with the folder that holds both the pictures and list_attr_celeba.txt',
  max_dataset_size: 'leave it out, and name fewer pictures',
  pool_size: 'leave it out: the discriminator sees the images of each step',
  lambda_L1: 'leave it out: the scheme has no such loss',
  lambda_A: 'leave it out: the scheme has no such loss',
  lambda_B: 'leave it out: the scheme has no such loss',
  lambda_identity: 'leave it out: the scheme has no such loss',
  no_dropout: 'leave it out: the scheme decides about dropout',
  direction: 'leave it out: the scheme trains one way, or both',
  epoch: 'did you mean --epochs? Leave --epoch out: a run keeps its latest checkpoint, and goes on from that',
  epoch_count: 'leave it out: --resume counts on from the checkpoint',
  load_iter: 'leave it out: a run keeps its latest checkpoint, and goes on from that',
  save_by_iter: 'leave it out: a run keeps its latest checkpoint; --save-every says how often it is written',
  phase: 'leave it out: train/ is trained on, val/ or test/ measured',
  suffix: 'leave it out, and write the whole name of the folder with --out',
  use_wandb: 'leave it out: log.jsonl has every loss and measurement, report.html shows them',
  wandb_project_name: 'leave it out: log.jsonl has every loss and measurement, report.html shows them',
  aspect_ratio: 'leave it out, and write --size WxH',
  eval: 'leave it out, and write --statistics running --no-dropout for what it does',
  num_test: 'leave it out, and name fewer pictures',
  ntest: 'leave it out, and name fewer pictures',
};
