import type { SeriesDraw } from '@sightline/contract';

/** Units that are offered; any other may stand in the document. '' is none. */
export const units: readonly string[] = [
  '',
  'share',
  '%',
  's',
  'ms',
  'By',
  'By/s',
  '/s',
  '/min',
  '/h',
  'USD',
  '{orders}',
  'req/s',
  'bit/s',
  'Hz',
];

/** Ways of drawing values over time, as the forms name them. */
export const draws: readonly { value: SeriesDraw; label: string }[] = [
  { value: 'lines', label: 'Lines' },
  { value: 'area', label: 'Areas' },
  { value: 'stacked', label: 'Stacked areas' },
  { value: 'bars', label: 'Bars' },
  { value: 'points', label: 'Points' },
];
