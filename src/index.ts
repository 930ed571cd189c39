export { ShadegradError, type ErrorCode, type ErrorDetails } from './gpu/errors.js';
