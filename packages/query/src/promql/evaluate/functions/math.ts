import { mapFloats } from '../evaluation.ts';
import type { VectorSeries } from '../values.ts';
import type { FunctionInput, VectorFunction } from './input.ts';

/** Functions of one float at a time. */
export const ofOneFloat: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  sinh: Math.sinh,
  cosh: Math.cosh,
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  rad: (value) => (value * Math.PI) / 180,
  deg: (value) => (value * 180) / Math.PI,
  sgn: (value) => (value < 0 ? -1 : value > 0 ? 1 : value),
};

/** Clamps; steps whose limits are the wrong way round have no value. */
function clampTo(input: FunctionInput, least: Float64Array | number, greatest: Float64Array | number): VectorSeries[] {
  const at = (limit: Float64Array | number, step: number): number => (typeof limit === 'number' ? limit : limit[step]!);
  return input.vector(0).map((series) => {
    const clamped = mapFloats(series, (value, step) => Math.max(at(least, step), Math.min(at(greatest, step), value)));
    const present = clamped.present.map((one, step) => (at(greatest, step) < at(least, step) ? 0 : one));
    return { ...clamped, present };
  });
}

export const clamp: VectorFunction = (input) => clampTo(input, input.scalar(1), input.scalar(2));
export const clampMax: VectorFunction = (input) => clampTo(input, -Infinity, input.scalar(1));
export const clampMin: VectorFunction = (input) => clampTo(input, input.scalar(1), Infinity);

/** To the nearest multiple; a tie goes up. */
export const round: VectorFunction = (input) => {
  const nearest = input.count > 1 ? input.scalar(1) : undefined;
  return input.vector(0).map((series) =>
    mapFloats(series, (value, step) => {
      // Times the inverse, as Prometheus does: fewer inaccuracies than a division.
      const inverse = 1 / (nearest?.[step] ?? 1);
      return Math.floor(value * inverse + 0.5) / inverse;
    }),
  );
};
