/** The program of a worker thread: takes decoded pictures, gives their images. It computes, and touches neither files nor sharp. */
import { parentPort } from 'node:worker_threads';
import { imagesOf, type Picture } from './picture.js';

parentPort!.on('message', (picture: Picture) => {
  const images = imagesOf(picture);
  parentPort!.postMessage(images, [...new Set(images.map(({ data }) => data.buffer as ArrayBuffer))]);
});
