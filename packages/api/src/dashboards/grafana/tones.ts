import type { Tone } from '@sightline/contract';

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
