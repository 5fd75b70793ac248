/** A line of degrees, by its name (`50° N`) and the place where the name stands. */
export interface Degree {
  readonly text: string;
  readonly kind: 'longitude' | 'latitude';
  readonly place: [longitude: number, latitude: number];
}

const steps = [0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30];
/** Lines each way, at most. */
const most = 7;
/** A line of latitude is bent: it is drawn through so many places. */
const bends = 24;

/**
 * Lines of longitude and latitude through a box and a margin around it, as far apart as makes some seven of them each way. `east` may lie
 * beyond 180 degrees.
 */
export function degreeLines(box: {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
}): { readonly lines: { type: 'MultiLineString'; coordinates: number[][][] }; readonly degrees: readonly Degree[] } {
  const { west, east, south, north } = box;
  const step = steps.find((one) => Math.max(east - west, north - south) / one <= most) ?? 45;
  // A frame is wider than its box, or higher: the lines go on to its edges.
  const margin = 2 * Math.max(east - west, north - south);
  const clampLat = (lat: number): number => Math.max(-85, Math.min(85, lat));
  const [low, high] = [clampLat(south - margin), clampLat(north + margin)];
  const [left, right] = [
    Math.max(west - margin, (west + east) / 2 - 179),
    Math.min(east + margin, (west + east) / 2 + 179),
  ];
  const meridians = ticks(left, right, step);
  const parallels = ticks(low, high, step);
  return {
    lines: {
      type: 'MultiLineString',
      coordinates: [
        ...meridians.map((lon) => [low, (low + high) / 2, high].map((lat) => [lon, lat])),
        ...parallels.map((lat) =>
          Array.from({ length: bends + 1 }, (_, n) => [left + ((right - left) * n) / bends, lat]),
        ),
      ],
    },
    degrees: [
      ...meridians.map((lon): Degree => ({
        text: named(wrapped(lon), 'E', 'W'),
        kind: 'longitude',
        place: [lon, south],
      })),
      ...parallels.map((lat): Degree => ({ text: named(lat, 'N', 'S'), kind: 'latitude', place: [west, lat] })),
    ],
  };
}

function ticks(from: number, to: number, step: number): number[] {
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, n) => (first + n) * step);
}

const wrapped = (lon: number): number => ((((lon + 180) % 360) + 360) % 360) - 180;

function named(degrees: number, plus: string, minus: string): string {
  const size = Math.round(Math.abs(degrees) * 100) / 100;
  if (size === 0 || size === 180) return `${size}°`;
  return `${size}° ${degrees > 0 ? plus : minus}`;
}
