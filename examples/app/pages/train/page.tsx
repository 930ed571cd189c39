import type { VNode } from 'preact';

/** The page Train. */
export default function TrainPage(): VNode {
  return <h1>Train</h1>;
}
