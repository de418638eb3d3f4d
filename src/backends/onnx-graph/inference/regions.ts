import { input, intAttribute, intsAttribute, type Rule } from './rule.ts';

/** Which boxes are taken: image, class and box of each. */
const nonMaxSuppression: Rule = () => [{ dtype: 'int64', shape: [null, 3] }];

const roiAlign: Rule = (operation) => {
  const [x, rois] = [input(operation, 0), input(operation, 1)];
  const sizes = ['output_height', 'output_width'].map((name) => intAttribute(operation, name, 1));
  return [{ dtype: x.dtype, shape: [rois.shape?.[0] ?? null, x.shape?.[1] ?? null, ...sizes] }];
};

const maxRoiPool: Rule = (operation) => {
  const [x, rois] = [input(operation, 0), input(operation, 1)];
  const sizes = intsAttribute(operation, 'pooled_shape') ?? [null, null];
  return [{ dtype: x.dtype, shape: [rois.shape?.[0] ?? null, x.shape?.[1] ?? null, ...sizes] }];
};

/** The offsets say where the windows are: as many as come out. */
const deformConv: Rule = (operation) => {
  const [x, w, offset] = [input(operation, 0), input(operation, 1), input(operation, 2)];
  const spatial = offset.shape?.slice(2) ?? [null, null];
  return [{ dtype: x.dtype, shape: [x.shape?.[0] ?? null, w.shape?.[0] ?? null, ...spatial] }];
};

export const REGIONS: Readonly<Record<string, Rule>> = {
  NonMaxSuppression: nonMaxSuppression,
  RoiAlign: roiAlign,
  MaxRoiPool: maxRoiPool,
  DeformConv: deformConv,
};
