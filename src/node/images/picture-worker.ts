/** The program of a worker thread: takes pictures, gives what a task makes of them. It computes, and touches neither files nor sharp. */
import { parentPort } from 'node:worker_threads';
import { TASKS, type TaskArgument, type TaskName } from './picture-tasks.js';

parentPort!.on('message', ({ task, argument }: { task: TaskName; argument: TaskArgument<TaskName> }) => {
  const result: unknown = (TASKS[task] as (argument: unknown) => unknown)(argument);
  const images = Array.isArray(result) ? (result as { data?: Uint8Array }[]) : [];
  parentPort!.postMessage(result, [...new Set(images.flatMap(({ data }) => (data ? [data.buffer as ArrayBuffer] : [])))]);
});
