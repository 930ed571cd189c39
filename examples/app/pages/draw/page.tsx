import type { VNode } from 'preact';

/** The page Draw. */
export default function DrawPage(): VNode {
  return <h1>Draw</h1>;
}
