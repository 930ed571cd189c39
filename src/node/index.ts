/**
 * What a program in Node may import beside everything in shadegrad: adapters and devices, files, images, and the programs.
 *
 * @module shadegrad in Node
 */
/// <reference types="node" preserve="true" />
/// <reference lib="dom" preserve="true" />
// The declarations bring what they name with them: Node's types, and WebGPU's of the DOM, which a program for Node may not have asked for.
export * from '../index.js';
export { atomicWriter, writeFileAtomic, type AtomicWriter, type FileSystem } from './files/atomic.js';
export type { ReadImageOptions } from './images/colour-profiles.js';
export { decodeImage, encodePng, readImage, writePng } from './images/read.js';
export {
  listImages,
  openPairedFolder,
  type HalfReadings,
  type PairedFolder,
  type PairedFolderOptions,
  type Split,
} from './images/dataset.js';
export type { SideLimit } from '../training/files/picture.js';
export {
  parseFlags,
  type BooleanFlag,
  type ChoiceFlag,
  type Flag,
  type FlagValues,
  type ListFlag,
  type NumberFlag,
  type ParsedFlags,
  type Program,
  type StringFlag,
} from './terminal/flags.js';
export { formatHelp } from './terminal/help.js';
export { runMain } from './programs/run-main.js';
export { JsonLog, readLog, type LogEntry } from './files/log.js';
export { createProgress, type Progress, type ProgressOptions, type ProgressStream, type ProgressUpdate } from './terminal/progress.js';
export { formatBytes, formatCount, formatDuration, formatNumber } from '../formats/words.js';
export {
  renderReport,
  writeReport,
  writeSampleGrid,
  type MeasuredStep,
  type PictureSet,
  type Snapshot,
  type TrainingReport,
} from './report/write.js';
export { openNodeGpu, requestGpu, type NodeGpuOptions } from './adapter/adapter.js';
export { loadDawn, type Dawn, type DawnOptions } from './adapter/dawn.js';
export type { AdapterChoice, AdapterKind, AdapterRequest } from './adapter/choice.js';
export { nodeHost } from './adapter/polling.js';
export { diagnose, type Diagnosis } from './programs/doctor.js';
export { downloadArchive, downloadFacades, FACADES_URL, type DownloadOptions, type PublishedOptions } from './files/download.js';
export type { ArchiveLimits } from './files/download-extract.js';
export { loadCheckpoint, readCheckpointInfo, saveCheckpoint, type SaveCheckpointOptions } from './weights/checkpoint.js';
export { addToTuningCache, readTuningCache, tuningCachePath } from './adapter/tuning-cache.js';
export { tuneKernels } from './programs/tune.js';
export { trainFacades, trainModel } from './programs/train-command.js';
export { trainScheme, type TrainSchemeOptions } from './programs/train.js';
export { generateImages } from './programs/generate.js';
export { translateImages } from './programs/translate.js';
export { openWeights, type OpenWeights, type OpenWeightsOptions } from './weights/read.js';
export { loadModule, saveModule } from './weights/module-file.js';
export { saveOnnx, writeOnnx, type SaveOnnxOptions, type WriteOnnxOptions } from './weights/onnx.js';
export { convertWeights } from './programs/convert.js';
export { inspectWeights } from './programs/inspect.js';
export { prepareData } from './programs/prepare/prepare.js';
export { runCommandLine } from './programs/cli.js';
