import type { Deploy, IncidentSpan } from '@sightline/contract';
import { counted } from '../components/number-text.ts';
import type { ChartListRow } from './chart-list.tsx';
import type { ChartMark } from './uplot-options.ts';

/** What happened meanwhile, for a chart and for the list beside it. */
export interface Marks {
  readonly marks: readonly ChartMark[];
  readonly rows: readonly ChartListRow[];
  /** `3 incidents, 20 deploys`; '' where there are none. */
  readonly label: string;
  /** What is left out, '' where nothing is. */
  readonly note: string;
}

/** Marks of a kind on one chart, and those of them that have room for their words. */
export const marksAtMost = 100;
const wordsAtMost = 20;

/**
 * Incidents that opened and releases that came within a range (ms since the epoch), newest kept. `incidentsCut` and `deploysCut` say that
 * the server knows of more than it told.
 */
export function marksOf(
  { from, to }: { readonly from: number; readonly to: number },
  happened: {
    readonly incidents: readonly IncidentSpan[];
    readonly incidentsCut: boolean;
    readonly deploys: readonly Deploy[];
    readonly deploysCut: boolean;
  },
): Marks {
  const opened = happened.incidents.filter(({ openedAt }) => openedAt >= from && openedAt <= to);
  const incidents = newest(
    opened.map(({ number, title, severity, openedAt }): Moment => ({
      at: openedAt,
      text: `#${number} ${title}`,
      tone: severity === 'critical' || severity === 'high' ? 'bad' : 'warn',
      to: `/incidents/${number}`,
    })),
  );
  const deploys = newest(
    happened.deploys
      .filter(({ at }) => at >= from && at <= to)
      .map(({ at, service, release }): Moment => ({
        at,
        text: `${service} ${release}`,
        tone: 'accent',
        to: `/releases/${encodeURIComponent(release)}`,
        search: { service },
      })),
  );
  const shown = [...incidents.kept, ...deploys.kept].toSorted((a, b) => b.at - a.at);
  const worded = shown.length <= wordsAtMost;
  return {
    marks: shown.map(({ text, ...mark }) => ({ ...mark, label: worded ? text : '', title: text })),
    rows: shown.map((one) => ({ key: `${one.at} ${one.to} ${one.text}`, ...one })),
    label: [
      ...(incidents.kept.length > 0 ? [counted(incidents.kept.length, 'incident', 'incidents')] : []),
      ...(deploys.kept.length > 0 ? [counted(deploys.kept.length, 'deploy', 'deploys')] : []),
    ].join(', '),
    note: [leftOut(incidents, 'incidents', happened.incidentsCut), leftOut(deploys, 'deploys', happened.deploysCut)]
      .filter((said) => said !== '')
      .join(' '),
  };
}

interface Moment {
  readonly at: number;
  readonly text: string;
  readonly tone: ChartMark['tone'];
  readonly to: string;
  readonly search?: Readonly<Record<string, string>>;
}

function newest(all: readonly Moment[]): { readonly kept: readonly Moment[]; readonly of: number } {
  return { kept: all.toSorted((a, b) => b.at - a.at).slice(0, marksAtMost), of: all.length };
}

function leftOut({ kept, of }: { kept: readonly Moment[]; of: number }, what: string, cut: boolean): string {
  if (kept.length === of && !cut) return '';
  return `Of ${cut ? 'more than ' : ''}${of} ${what} in this range the newest ${kept.length} are marked.`;
}
