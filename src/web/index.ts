export * from '../index.js';
export { requestGpu } from './adapter.js';
