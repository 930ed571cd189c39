import { posix } from 'node:path';
import { printableName } from '../../../../formats/names.js';
import { ShadegradError } from '../../../../errors.js';
import type { NamedPath, Scheduler } from './scheduler.js';

/** Where the volume of the claim is in the containers, which is where they start. */
const PLACE = '/work';

/** A name as Kubernetes takes it: small letters, digits, dashes and dots. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

/**
 * An Indexed Job of Kubernetes: a pod for each run. JOB_COMPLETION_INDEX is that of completionMode Indexed, counted from 0. All pods have
 * one volume, in which the program, the data and the results are.
 */
export const kubernetes: Scheduler = {
  flag: 'k8s',
  flags: [
    {
      name: 'k8s',
      type: 'boolean',
      description: 'print an Indexed Job for kubectl apply (Kubernetes) that trains each run in a pod of its own, and stop',
    },
    {
      name: 'image',
      type: 'string',
      placeholder: 'IMAGE',
      check: (text) => (/^[\w./:@-]+$/.test(text) ? undefined : 'the name of an image'),
      description: 'of --k8s, the image of the containers; by default node:22',
    },
    {
      name: 'claim',
      type: 'string',
      placeholder: 'NAME',
      check: (text) => (NAME.test(text) ? undefined : 'a name of small letters, digits, dashes and dots'),
      description: `of --k8s, the claim of the volume (ReadWriteMany) that all pods have as ${PLACE}; by default shadegrad`,
    },
  ],
  notes({ paths }) {
    const outside = paths.filter(({ path }) => !isInVolume(path));
    if (outside.length === 0) return [];
    return [
      `pods see the volume of --claim, as ${PLACE}, and nothing else of this machine: ${outside.map(named).join(', ')} ` +
        `${outside.length === 1 ? 'has' : 'have'} to be copied into it, and named by the path from its root; or to be mounted at the ` +
        'same path in the script (volumes, volumeMounts)',
    ];
  },
  script({ name, command, parts, flags, paths }) {
    const job = jobName(name);
    const { image = 'node:22', claim = 'shadegrad' } = flags as { image?: string; claim?: string };
    return `# The runs of an experiment, each in a pod of its own: kubectl apply -f job.yaml
# The pod that ends last writes table and figure. What was stopped goes on in a new pod.
${volumeComment(paths)}apiVersion: batch/v1
kind: Job
metadata:
  name: ${job}
spec:
  completionMode: Indexed
  completions: ${parts}
  parallelism: ${parts}
  # Of all pods together: a node that goes away is no fault of a run.
  backoffLimit: ${Math.max(6, 2 * parts)}
  template:
    spec:
      restartPolicy: Never
      # A run that is told to end saves first.
      terminationGracePeriodSeconds: 120
      containers:
        - name: shadegrad
          image: ${quoted(image)}
          workingDir: ${PLACE}
          command: ["/bin/sh", "-c"]
          args:
            - ${quoted(`exec ${command} --shard "$((JOB_COMPLETION_INDEX + 1))/${parts}"`)}
          # What your cluster has, such as:
          # resources:
          #   limits:
          #     nvidia.com/gpu: 1
          volumeMounts:
            - name: work
              mountPath: ${PLACE}
      volumes:
        - name: work
          persistentVolumeClaim:
            claimName: ${claim}
`;
  },
};

/** Where a path of the call is in a pod. */
const inPod = (path: string): string => posix.resolve(PLACE, path.replaceAll('\\', '/'));
const isInVolume = (path: string): boolean => inPod(path) === PLACE || inPod(path).startsWith(`${PLACE}/`);
const named = ({ what, path }: NamedPath): string => `${printableName(path)} (${what})`;

/** What has to be in the volume, as comments. */
function volumeComment(paths: readonly NamedPath[]): string {
  const inside = paths.filter(({ path }) => isInVolume(path));
  const lines = inside.map(({ what, path }) => `#   ${printableName(posix.relative(PLACE, inPod(path)) || '.')} (${what})\n`);
  return lines.length === 0 ? '' : `# From its root, the volume of the claim has to have, or gets:\n${lines.join('')}`;
}

/** A text of YAML in double quotes, as JSON has it; what is no ASCII as well. */
const quoted = (text: string): string => JSON.stringify(text);

/** The name of the job: its pods are called by it and an index, which leaves 52 letters or so. @throws BAD_FLAG */
function jobName(name: string): string {
  const job = `shadegrad-${name}`;
  if (job.length <= 52) return job;
  throw new ShadegradError('BAD_FLAG', `${name} is too long for the name of a job`, {
    expected: 'at most 42 letters',
    received: `${name.length}`,
    fix: 'give the experiment a shorter "name" in its file',
  });
}
