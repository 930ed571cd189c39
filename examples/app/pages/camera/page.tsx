import type { VNode } from 'preact';

/** The page Camera. */
export default function CameraPage(): VNode {
  return <h1>Camera</h1>;
}
