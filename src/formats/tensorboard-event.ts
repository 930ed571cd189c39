import { ProtobufMessage } from './protobuf-write.js';

/** The numbers of the fields in event.proto and summary.proto. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const VALUE = { tag: 1, simpleValue: 2, image: 4 } as const;
const IMAGE = { height: 1, width: 2, colours: 3, encoded: 4 } as const;
const SUMMARY_VALUE = 1;
const SESSION_STATUS = 1;
const SESSION_START = 1;
const RGB = 3;

/** When an event was, and what of. */
export interface EventTime {
  /** Seconds since 1970. */
  readonly seconds: number;
  readonly step: number;
}

/** A picture of an event, as a PNG. */
export interface EventImage {
  readonly tag: string;
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

const eventAt = ({ seconds, step }: EventTime): ProtobufMessage =>
  new ProtobufMessage().double(EVENT.wallTime, seconds).integer(EVENT.step, step);

/** The first event of a file: readers that know restarts want this version. */
export const versionEvent = (seconds: number): Uint8Array =>
  new ProtobufMessage().double(EVENT.wallTime, seconds).text(EVENT.fileVersion, 'brain.Event:2').bytesOfAll();

/** Says that the run begins anew with a step: readers forget that step and what they have seen after it. */
export const restartEvent = (time: EventTime): Uint8Array =>
  eventAt(time).message(EVENT.sessionLog, new ProtobufMessage().integer(SESSION_STATUS, SESSION_START)).bytesOfAll();

/** An event of numbers by their tags. */
export function scalarsEvent(time: EventTime, scalars: readonly (readonly [tag: string, value: number])[]): Uint8Array {
  const summary = new ProtobufMessage();
  for (const [tag, value] of scalars)
    summary.message(SUMMARY_VALUE, new ProtobufMessage().text(VALUE.tag, tag).float(VALUE.simpleValue, value));
  return eventAt(time).message(EVENT.summary, summary).bytesOfAll();
}

/** An event of a picture. */
export function imageEvent(time: EventTime, { tag, width, height, png }: EventImage): Uint8Array {
  const image = new ProtobufMessage().integer(IMAGE.height, height).integer(IMAGE.width, width);
  image.integer(IMAGE.colours, RGB).binary(IMAGE.encoded, png);
  const value = new ProtobufMessage().text(VALUE.tag, tag).message(VALUE.image, image);
  return eventAt(time).message(EVENT.summary, new ProtobufMessage().message(SUMMARY_VALUE, value)).bytesOfAll();
}

/** The field numbers and wire types that stepOf() passes over. */
const WALL_TIME_TAG = (EVENT.wallTime << 3) | 1;
const STEP_TAG = EVENT.step << 3;

/** The step of an event, from its first bytes, where step and time come first, as all writers have them; 0 where none does. */
export function stepOf(event: Uint8Array): number {
  let at = event[0] === WALL_TIME_TAG ? 9 : 0;
  if (event[at++] !== STEP_TAG) return 0;
  let step = 0;
  for (let scale = 1; at < event.length; scale *= 128) {
    const byte = event[at++]!;
    step += (byte & 127) * scale;
    if (byte < 128) break;
  }
  return step;
}
