import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { report, reportError } from '../../common/notices.js';

/** A still of the camera: it is open only while one looks at it. */
export function CameraStill({ onPicture, onClose }: { onPicture(video: HTMLVideoElement): Promise<void>; onClose(): void }): VNode {
  const video = useRef<HTMLVideoElement>(null);
  const isReady = useSignal(false);
  // Its end must not wait for a paint: what comes until then would be for a video that is gone.
  useLayoutEffect(() => {
    let stream: MediaStream | undefined;
    let isOpen = true;
    const stop = (): void => {
      for (const track of stream?.getTracks() ?? []) track.stop();
    };
    void (async () => {
      try {
        if (!navigator.mediaDevices) return tellMissing(onClose);
        stream = await navigator.mediaDevices.getUserMedia({ video: { width: 1280, height: 720 } });
        if (!isOpen) return stop();
        video.current!.srcObject = stream;
        await video.current!.play();
        isReady.value = true;
      } catch (error) {
        if (!isOpen) return;
        onClose();
        reportError(error);
      }
    })();
    return () => {
      isOpen = false;
      stop();
    };
  }, []);
  return (
    <section class="card draw-camera" aria-label="Camera">
      <video ref={video} muted playsInline aria-label="What the camera sees" />
      <div class="buttons">
        <button type="button" class="primary" disabled={!isReady.value} onClick={() => void onPicture(video.current!).then(onClose)}>
          Take it
        </button>
        <button type="button" onClick={onClose}>
          Close the camera
        </button>
        {!isReady.value && <span class="quiet">Waiting for the camera: the browser may ask whether this page may use it.</span>}
      </div>
    </section>
  );
}

function tellMissing(onClose: () => void): void {
  onClose();
  report({
    kind: 'problem',
    title: 'This page cannot use a camera',
    text: 'Browsers give cameras only to pages on https or localhost.',
  });
}
