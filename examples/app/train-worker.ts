import { serveTraining } from 'shadegrad/worker';

serveTraining();
