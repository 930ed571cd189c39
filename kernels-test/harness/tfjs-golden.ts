/** The models of tfjs.json and tfjs_keras.json, as files in memory. */
import { bytesSource } from '../../src/formats/byte-source.js';
import { openTfjsLayers, type TfjsLayersFile } from '../../src/formats/tfjs-layers.js';
import golden from '../goldens/tfjs.json';
import kerasGolden from '../goldens/tfjs_keras.json';
import { generate } from './deterministic.js';

export interface WeightSpec {
  name: string;
  shape: number[];
  dtype: string;
  quantization?: { dtype: string; min?: number; scale?: number };
}

/** model.json as an object, and the other files by path. */
export interface TfjsModel {
  json: { modelTopology: unknown; weightsManifest: { paths: string[]; weights: WeightSpec[] }[]; [key: string]: unknown };
  files: Map<string, Uint8Array>;
}

/** Cuts weights into files of a number of bytes, as the converter does: in the middle of numbers, too. */
export function modelOf(modelTopology: unknown, weights: WeightSpec[], data: Uint8Array, shardBytes: number): TfjsModel {
  const count = Math.max(1, Math.ceil(data.length / shardBytes));
  const paths = Array.from({ length: count }, (_, index) => `group1-shard${index + 1}of${count}.bin`);
  return {
    json: {
      format: 'layers-model',
      generatedBy: 'TensorFlow.js tfjs-layers v4.22.0',
      convertedBy: null,
      modelTopology,
      weightsManifest: [{ paths, weights }],
    },
    files: new Map(paths.map((path, index) => [path, data.slice(index * shardBytes, (index + 1) * shardBytes)])),
  };
}

export function goldenModel(index: number, variant: number, shardBytes = 1001): TfjsModel {
  const { modelTopology, variants } = golden.cases[index]!;
  const { weightSpecs, weightData } = variants[variant]!;
  return modelOf(
    structuredClone(modelTopology),
    structuredClone(weightSpecs) as WeightSpec[],
    Uint8Array.from(atob(weightData), (character) => character.charCodeAt(0)),
    shardBytes,
  );
}

/** As the converter makes it of a Keras 3 model: its JSON under model_config, its weights by their paths. */
export function kerasModel(): TfjsModel {
  const { weights } = kerasGolden;
  const data = Float32Array.from(weights.flatMap((each) => [...generate(each)]));
  const topology = { keras_version: kerasGolden.keras, backend: 'tensorflow', model_config: structuredClone(kerasGolden.topology) };
  return modelOf(
    topology,
    weights.map(({ path, shape }) => ({ name: path, shape, dtype: 'float32' })),
    new Uint8Array(data.buffer),
    1 << 22,
  );
}

export function openModel({ json, files }: TfjsModel): Promise<TfjsLayersFile> {
  return openTfjsLayers(bytesSource(new TextEncoder().encode(JSON.stringify(json)), 'model.json'), async (path) => {
    const bytes = files.get(path);
    if (!bytes) throw new Error(`there is no ${path}`);
    return bytesSource(bytes, path);
  });
}
