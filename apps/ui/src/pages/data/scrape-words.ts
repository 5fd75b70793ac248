import type { ScrapeTarget } from '@sightline/contract';
import type { Tone } from '../../components/state-badge.tsx';

export const healthTones: Readonly<Record<ScrapeTarget['health'], Tone>> = { up: 'good', down: 'bad', unknown: 'idle' };

/** The series of this name that a scrape of the target writes. */
export function seriesOf(name: string, { job = '', instance = '' }: Readonly<Record<string, string>>): string {
  return `${name}{job=${JSON.stringify(job)}, instance=${JSON.stringify(instance)}}`;
}
