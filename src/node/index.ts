/**
 * What a program in Node may import beside everything in shadegrad: adapters and devices, files, images, and the programs.
 *
 * @module shadegrad in Node
 */
/// <reference types="node" preserve="true" />
/// <reference lib="dom" preserve="true" />
// The declarations bring what they name with them: Node's types, and WebGPU's of the DOM, which a program for Node may not have asked for.
export * from '../index.js';
export { atomicWriter, writeFileAtomic, type AtomicWriter, type FileSystem } from './files.js';
export { decodeImage, encodePng, readImage, writePng } from './images.js';
export { listImages, openPairedFolder, type PairedFolder, type PairedFolderOptions, type Split } from './dataset.js';
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
} from './flags.js';
export { formatHelp } from './help.js';
export { runMain } from './run-main.js';
export { JsonLog, readLog, type LogEntry } from './log.js';
export { createProgress, type Progress, type ProgressOptions, type ProgressStream, type ProgressUpdate } from './progress.js';
export { formatBytes, formatCount, formatDuration, formatNumber } from './format.js';
export { renderReport, writeReport, writeSampleGrid, type TrainingReport } from './report.js';
export { openNodeGpu, requestGpu, type NodeGpuOptions } from './adapter.js';
export { loadDawn, type Dawn, type DawnOptions } from './dawn.js';
export type { AdapterChoice, AdapterKind, AdapterRequest } from './adapter-choice.js';
export { nodeHost } from './polling.js';
export { diagnose, type Diagnosis } from './doctor.js';
export { downloadArchive, downloadFacades, FACADES_URL, type DownloadOptions } from './download.js';
export type { ArchiveLimits } from './download-extract.js';
export { loadCheckpoint, readCheckpointInfo, saveCheckpoint, type SaveCheckpointOptions } from './checkpoint.js';
export { addToTuningCache, readTuningCache, tuningCachePath } from './tuning-cache.js';
export { tuneKernels } from './tune.js';
export { trainFacades } from './training/train-facades.js';
export { translateImages } from './training/translate.js';
export { openWeights, type OpenWeights, type OpenWeightsOptions } from './weights.js';
export { loadModule, saveModule } from './module-file.js';
export { saveOnnx, writeOnnx, type SaveOnnxOptions, type WriteOnnxOptions } from './onnx.js';
export { convertWeights } from './convert.js';
export { inspectWeights } from './inspect.js';
export { runCommandLine } from './cli.js';
