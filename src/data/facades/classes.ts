/** Red, green, blue in 0..255. */
export type Colour = readonly [number, number, number];

/**
 * The twelve classes of the CMP Facade Database (Tylecek and Sara, GCPR 2013) in its order, with the colours of the label
 * maps that pix2pix made of them. "cornice" is the hood over a window; "molding" is the band across the whole facade.
 */
export const FACADE_CLASSES = [
  ['background', [0, 0, 222]],
  ['facade', [0, 48, 255]],
  ['window', [0, 128, 255]],
  ['door', [0, 208, 255]],
  ['cornice', [32, 255, 223]],
  ['sill', [112, 255, 143]],
  ['balcony', [192, 255, 63]],
  ['blind', [255, 239, 0]],
  ['deco', [255, 159, 0]],
  ['molding', [255, 80, 0]],
  ['pillar', [255, 0, 0]],
  ['shop', [175, 0, 0]],
] as const satisfies readonly (readonly [string, Colour])[];

/** The name of one of the twelve classes in FACADE_CLASSES. */
export type FacadeClass = (typeof FACADE_CLASSES)[number][0];

/** Index of a class in FACADE_CLASSES. */
export function classIndex(name: FacadeClass): number {
  return FACADE_CLASSES.findIndex(([other]) => other === name);
}
