import type { GivenPicture } from './given.js';

/** A network of a published folder. */
export interface PublishedNetwork {
  /** Its name in the run. */
  readonly name: string;
  /** What it is, in words. */
  readonly description: string;
  /** How it is used. */
  readonly use: NetworkUse;
  /** What it translates, of one that translates. */
  readonly given: GivenPicture;
  /** Its file of weights, by its name in the folder. */
  readonly file: string;
  /** Whether that is a state dict for the PyTorch reference. */
  readonly forPyTorch: boolean;
  /** Its ONNX model, and why there is none. */
  readonly onnx: string | undefined;
  readonly withoutOnnx: string | undefined;
  /** Whether its weights are running averages of those that were trained. */
  readonly averaged: boolean;
}

/** What a network takes and makes, as far as a card says it. */
export interface NetworkUse {
  readonly kind: 'translates' | 'makes';
  readonly inChannels: number;
  readonly outChannels: number;
  /** The width and height that it is meant for. */
  readonly size: readonly [width: number, height: number];
  /** Labels that it takes beside an image or random numbers. */
  readonly labels: readonly string[];
  /** Whether what it makes of an image are the classes of its pixels. Default false. */
  readonly tellsClasses?: boolean;
  /** Whether its images are eight-bit colours or grey values. */
  readonly plain: boolean;
  /** Of a network that makes images: how many random numbers an image is made of, and from where they are. */
  readonly noise?: { readonly numbers: number; readonly drawn: 'normal' | { readonly low: number; readonly high: number } };
  /** Of a network that makes images: what black is to it. */
  readonly black?: 0 | -1;
  /** The rate of dropout that it translates with, unless told otherwise; 0 for none. */
  readonly dropout: number;
}
