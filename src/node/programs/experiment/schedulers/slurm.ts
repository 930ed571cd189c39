import type { Scheduler } from './scheduler.js';

/**
 * A job array of Slurm: a task for each run, which are as many calls of this program that share a folder. SLURM_ARRAY_TASK_ID is that of
 * --array, counted from 1.
 */
export const slurm: Scheduler = {
  flag: 'slurm',
  flags: [
    {
      name: 'slurm',
      type: 'boolean',
      description:
        'print a script for sbatch (Slurm) that trains each run in a task of its own, and stop; it is to be sent from this folder',
    },
  ],
  script: ({ name, command, parts }) => `#!/bin/sh
# The runs of an experiment, each in a task of its own: sbatch job.sh
# Send it from the folder in which it was made; all machines have to see that folder, and that of the results.
# The task that ends last writes table and figure. What was stopped goes on when the script is sent again.
#SBATCH --job-name=shadegrad-${name}
#SBATCH --array=1-${parts}
#SBATCH --ntasks=1
#SBATCH --output=shadegrad-${name}-%A-%a.txt
# A run that is told so saves before its time is up, and goes on when the script is sent again.
#SBATCH --signal=TERM@120
# What your cluster wants of a job, such as:
##SBATCH --partition=gpu
##SBATCH --gres=gpu:1
##SBATCH --time=24:00:00

# srun passes the signal on to the program.
srun ${command} --shard "$SLURM_ARRAY_TASK_ID/${parts}"
`,
};
