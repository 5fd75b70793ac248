import type { SeriesColour, Tone } from '@sightline/contract';

/** State has four tones here and any colour in Grafana: greens are good, yellows and oranges a warning, reds bad. */
export function toneOf(colour: string): Tone {
  const name = colour.toLowerCase();
  if (name.includes('green')) return 'good';
  if (/yellow|orange/.test(name)) return 'warn';
  if (name.includes('red')) return 'bad';
  const parts = partsOf(name);
  if (parts === undefined) return 'idle';
  const [red, green, blue] = parts;
  const high = Math.max(red, green, blue);
  const low = Math.min(red, green, blue);
  if (high - low < 40) return 'idle';
  const hue = hueOf(red, green, blue, high, high - low);
  if (hue < 20 || hue >= 335) return 'bad';
  if (hue < 70) return 'warn';
  return hue < 170 ? 'good' : 'idle';
}

const greys = /gr[ae]y|white|black|text/;
const hueNames = ['red', 'orange', 'yellow', 'green', 'teal', 'blue', 'indigo', 'purple', 'pink'] as const;
/** Where the hues of the wheel end, degrees; from the last on it is red again. */
const hueEnds: readonly (readonly [number, SeriesColour])[] = [
  [15, 'red'],
  [42, 'orange'],
  [66, 'yellow'],
  [160, 'green'],
  [195, 'teal'],
  [222, 'blue'],
  [255, 'indigo'],
  [300, 'purple'],
  [345, 'pink'],
];

/** The nearest colour that a series can have here, of Grafana's names (`semi-dark-orange`) and of colours as CSS writes them; undefined for none. */
export function seriesColourOf(colour: string): SeriesColour | undefined {
  const name = colour.toLowerCase().trim();
  if (name === '' || name === 'transparent' || /^rgba\(.*,\s*0(?:\.0*)?\s*\)$/.test(name)) return undefined;
  const parts = partsOf(name);
  if (parts === undefined) return greys.test(name) ? 'grey' : hueNames.find((hue) => name.includes(hue));
  const high = Math.max(...parts);
  const spread = high - Math.min(...parts);
  if (spread < 30) return 'grey';
  const hue = hueOf(...parts, high, spread);
  return hueEnds.find(([end]) => hue < end)?.[1] ?? 'red';
}

/** A colour, then those beside it on the wheel, ever farther, then grey. */
export function nearestColours(colour: SeriesColour): readonly SeriesColour[] {
  const at = hueNames.findIndex((hue) => hue === colour);
  if (at < 0) return [colour];
  const nth = (n: number) => hueNames[(at + n + hueNames.length) % hueNames.length] ?? colour;
  return [colour, nth(1), nth(-1), nth(2), nth(-2), nth(3), nth(-3), nth(4), nth(-4), 'grey'];
}

function partsOf(text: string): readonly [number, number, number] | undefined {
  const hex = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})/.exec(text);
  if (hex) return [parseInt(hex[1] ?? '', 16), parseInt(hex[2] ?? '', 16), parseInt(hex[3] ?? '', 16)];
  const rgb = /^rgba?\(\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)/.exec(text);
  return rgb ? [Number(rgb[1]), Number(rgb[2]), Number(rgb[3])] : undefined;
}

function hueOf(red: number, green: number, blue: number, high: number, spread: number): number {
  const sixth =
    high === red ? (green - blue) / spread : high === green ? 2 + (blue - red) / spread : 4 + (red - green) / spread;
  return (sixth * 60 + 360) % 360;
}
