/**
 * Training in a browser, off the main thread: startTraining() in the page, serveTraining() in the worker, and the runs and data sets that
 * the browser keeps.
 *
 * @module shadegrad/worker
 */

import '../../autograd/methods.js';

export { deleteDataSet, listDataSets, type ChosenFile, type KeptDataSet } from '../files/data-sets.js';
export { keepStorage } from '../files/opfs.js';
export { deleteRun, exportRun, listRuns, type KeptRun, type RunAbout } from '../files/run-store.js';
export type { EarlierRun, SamplePicture, TrainingEvents, TrainingSource } from './messages.js';
export { serveTraining, type ServeOptions } from './serve.js';
export { startTraining, type StartTrainingOptions, type TrainingHandle } from './start.js';
