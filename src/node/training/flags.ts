import { ShadegradError } from '../../errors.js';
import { powerOfTwo, type FlagValues, type Program } from '../terminal/flags.js';

/** The command line of `shadegrad train`. Defaults that the preset decides are in settings.ts. */
export const TRAIN_PROGRAM = {
  usage: 'npx shadegrad train [flags]',
  summary:
    'Trains pix2pix to turn label maps into photos of facades. Without --data it learns from facades that it draws itself. ' +
    "On a GPU it takes the paper's setting (--preset full), on a software adapter one that ends in about five minutes (--preset preview).",
  flags: [
    {
      name: 'data',
      group: 'Data',
      reference: ['dataroot'],
      type: 'string',
      placeholder: 'DIR',
      description:
        'folder of pairs: train/ and val/ (or test/) with both halves side by side in a picture, or A/ and B/ with equal ' +
        'names (docs/data.md has every layout)',
    },
    {
      name: 'download',
      group: 'Data',
      type: 'boolean',
      description: 'fetch the CMP facades (30 MB) into --data, by default datasets/facades, unless they are there, and train on them',
    },
    { name: 'download-url', group: 'Data', type: 'string', placeholder: 'URL', description: 'fetch another .tar.gz of that form' },
    {
      name: 'direction',
      group: 'Data',
      reference: ['direction', 'which_direction'],
      type: 'choice',
      choices: ['BtoA', 'AtoB'],
      default: 'BtoA',
      description: 'which half becomes the other; A is the left one',
    },
    {
      name: 'preset',
      group: 'Training',
      type: 'choice',
      choices: ['full', 'preview'],
      description:
        'full: 256 pixels, width 64, 200 epochs; preview: smaller and as many steps as fit in --minutes. Other flags win over it',
    },
    {
      name: 'from',
      group: 'Networks',
      type: 'string',
      placeholder: 'FILE',
      description:
        'begin with the networks of a file instead of random ones, and with their optimisers where it has them: a checkpoint ' +
        'or a .pth of a whole run, a .pth, .safetensors, .pict or model.json of a generator',
    },
    {
      name: 'from-discriminator',
      group: 'Networks',
      type: 'string',
      placeholder: 'FILE',
      description: 'with --from, another file for the discriminator (latest_net_D.pth)',
    },
    {
      name: 'size',
      group: 'Data',
      reference: ['crop_size'],
      type: 'integer',
      min: 32,
      max: 512,
      check: powerOfTwo,
      description: 'side of the images in pixels, a power of two',
    },
    {
      name: 'ngf',
      reference: ['ngf'],
      group: 'Networks',
      type: 'integer',
      min: 1,
      max: 256,
      description: 'width of the generator: channels after its first layer',
    },
    { name: 'ndf', reference: ['ndf'], group: 'Networks', type: 'integer', min: 1, max: 256, description: 'likewise of the discriminator' },
    {
      name: 'epochs',
      group: 'Length',
      reference: ['n_epochs', 'n_epochs_decay', 'niter', 'niter_decay'],
      type: 'integer',
      min: 1,
      max: 100_000,
      description: 'passes over the training images; the learning rate falls in the second half',
    },
    { name: 'steps', group: 'Length', type: 'integer', min: 1, max: 1_000_000_000, description: 'train this many steps instead' },
    {
      name: 'minutes',
      group: 'Length',
      type: 'number',
      min: 0.1,
      max: 100_000,
      description:
        'train as many steps as fit in this time, reports included; with --resume, save and stop after this time: the run ' +
        'keeps its planned length',
    },
    {
      name: 'batch',
      group: 'Training',
      reference: ['batch_size', 'batchSize'],
      type: 'integer',
      min: 1,
      max: 64,
      default: 1,
      description: 'images in a step',
    },
    {
      name: 'lr',
      reference: ['lr'],
      group: 'Training',
      type: 'number',
      min: 1e-8,
      max: 1,
      description: 'learning rate of both networks; 2e-4, in a preview 1e-3',
    },
    {
      name: 'lambda',
      group: 'Training',
      reference: ['lambda_L1'],
      type: 'number',
      min: 0,
      max: 1e6,
      description: 'weight of the L1 loss; 100, in a preview 1000',
    },
    {
      name: 'seed',
      group: 'Training',
      type: 'integer',
      min: 0,
      max: 0xffff_ffff,
      default: 1,
      description: 'weights, order, jitter and dropout follow from it',
    },
    {
      name: 'dropout',
      group: 'Networks',
      reference: ['no_dropout'],
      type: 'boolean',
      default: true,
      description: 'no dropout in the generator; a preview has none unless --dropout is given',
    },
    { name: 'jitter', group: 'Data', reference: ['no_flip'], type: 'boolean', default: true, description: 'no random crops and mirroring' },
    {
      name: 'out',
      group: 'The run and its folder',
      reference: ['checkpoints_dir'],
      type: 'string',
      placeholder: 'DIR',
      description: 'folder for checkpoint, log and report; by default runs/facades, or runs/facades-2, ... when that is taken',
    },
    {
      name: 'resume',
      group: 'The run and its folder',
      reference: ['continue_train'],
      type: 'boolean',
      description: 'go on from the checkpoint in --out, by default that of the latest run',
    },
    {
      name: 'validate',
      group: 'The run and its folder',
      type: 'integer',
      min: 1,
      max: 100_000,
      description: 'validation images to measure, spread over the set; by default at most 100, in a preview or on a software adapter 25',
    },
    {
      name: 'save-every',
      group: 'The run and its folder',
      reference: ['save_latest_freq'],
      type: 'integer',
      min: 1,
      max: 1_000_000_000,
      placeholder: 'STEPS',
      description: 'steps between checkpoints; by default every three minutes, and with each report',
    },
    {
      name: 'report-every',
      group: 'The run and its folder',
      reference: ['update_html_freq'],
      type: 'integer',
      min: 1,
      max: 1_000_000_000,
      placeholder: 'STEPS',
      description: 'steps between reports; by default eight over the run, and at least every ten minutes',
    },
    {
      name: 'adapter',
      group: 'This machine',
      type: 'string',
      placeholder: 'NAME',
      description:
        "auto, hardware, software, lavapipe, swiftshader, or part of an adapter's name; by default what SHADEGRAD_ADAPTER says, else auto",
    },
    {
      name: 'tune',
      group: 'This machine',
      type: 'boolean',
      default: true,
      description: "no timing of the kernels' variants before a new run: rules of thumb choose them",
    },
    {
      name: 'eager',
      group: 'This machine',
      type: 'boolean',
      description: 'run each step anew instead of replaying a recorded one: slower, with the same result',
    },
  ],
  examples: [
    { command: 'npx shadegrad train', description: 'On facades that the program draws:' },
    { command: 'npx shadegrad train --download', description: 'On the real facades, fetched first:' },
    {
      command: 'npx shadegrad train --data my/pairs --direction AtoB --preset preview',
      description: 'On your own pairs, from left to right, as a quick trial:',
    },
    {
      command: 'npx shadegrad train --data my/pairs --from latest_net_G.pth --from-discriminator latest_net_D.pth --epochs 50',
      description: 'On your own pairs, from networks that PyTorch has trained:',
    },
    { command: 'npx shadegrad train --resume', description: 'Go on after Ctrl-C or a crash:' },
  ],
} as const satisfies Program;

export type TrainFlags = FlagValues<typeof TRAIN_PROGRAM>;

/** @throws BAD_FLAG for flags that are right by themselves and not together */
export function checkTogether(flags: TrainFlags, given: ReadonlySet<string>): void {
  const lengths = ['epochs', 'steps', 'minutes'].filter((name) => given.has(name));
  if (lengths.length > 1) {
    throw new ShadegradError('BAD_FLAG', 'The length of the run is given more than once', {
      expected: 'one of --epochs, --steps and --minutes',
      received: lengths.map((name) => `--${name}`).join(' and '),
      fix: 'leave out all but one',
    });
  }
  if (flags['from-discriminator'] !== undefined && flags.from === undefined) {
    throw new ShadegradError('BAD_FLAG', '--from-discriminator goes with a generator', {
      expected: '--from with it',
      fix: 'add --from FILE',
    });
  }
  if (flags.from !== undefined && flags.resume) {
    throw new ShadegradError('BAD_FLAG', '--resume goes on with the networks of its own run', {
      expected: 'one of --from and --resume',
      received: 'both',
      fix: 'leave out --resume to start a new run',
    });
  }
  if (flags.resume && flags.tune && given.has('tune')) {
    throw new ShadegradError('BAD_FLAG', '--tune is for new runs: another choice of kernels would give other numbers', {
      expected: 'one of --tune and --resume',
      received: 'both',
      fix: 'leave out --tune: a resumed run takes the kernels of its checkpoint',
    });
  }
  if (flags['download-url'] !== undefined && !flags.download) {
    throw new ShadegradError('BAD_FLAG', '--download-url says what --download is to fetch', {
      expected: '--download with it',
      fix: 'add --download',
    });
  }
}
