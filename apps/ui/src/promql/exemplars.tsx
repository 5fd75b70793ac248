import { Switch } from '@mantine/core';
import type { ReactNode } from 'react';
import { ChartList } from '../charts/chart-list.tsx';
import { counted } from '../components/number-text.ts';
import { dayAndTime } from '../components/time-format.ts';
import { useAddress } from '../data/address.ts';
import { Go } from '../shell/go.tsx';
import { exemplarSpot } from './exemplar-spot.ts';
import './exemplars.css';
import type { ChartExemplar, Exemplars } from './use-exemplars.ts';

const named = ['service_name', 'service', 'site', 'http_route', 'job'] as const;

/** Whether single measurements are drawn; it stands in the address. */
export function ExemplarSwitch(): ReactNode {
  const { search, setSearch } = useAddress();
  return (
    <Switch
      size="xs"
      label="Exemplars"
      checked={search['exemplars'] !== 'off'}
      onChange={(event) => setSearch({ exemplars: event.currentTarget.checked ? '' : 'off' })}
    />
  );
}

/** Where a measurement was taken, in few words. */
const placeOf = ({ series }: ChartExemplar): string =>
  [...new Set(named.map((label) => series[label] ?? '').filter((value) => value !== ''))].slice(0, 3).join(' · ') ||
  (series['__name__'] ?? '');

const wayOf = ({ traceId, spanId }: ChartExemplar): { to: string; search: { span: string } } | undefined =>
  traceId === '' ? undefined : { to: `/traces/${encodeURIComponent(traceId)}`, search: { span: spanId } };

/**
 * Single measurements on a chart, each at its value and a way to its span. The keyboard reaches them through `ExemplarLine`: a hundred
 * stops in a chart would be none. `share` says how high a value stands (0 the foot, 1 the top).
 */
export function ExemplarPoints(props: {
  exemplars: readonly ChartExemplar[];
  from: number;
  to: number;
  share: (value: number) => number;
  format: (value: number) => string;
}): ReactNode {
  const { exemplars, from, to, share, format } = props;
  return exemplars
    .filter(({ at }) => at >= from && at <= to)
    .map((one) => {
      const way = wayOf(one);
      const { bottom, beyond } = exemplarSpot(one, share);
      const text = `${format(one.value)} at ${dayAndTime(one.at)}, ${placeOf(one)}${beyond ? ', above this chart' : ''}${way === undefined ? '. It names no trace' : '. Open its span'}`;
      const look = {
        className: 'exemplar',
        title: text,
        'data-beyond': beyond ? '' : undefined,
        'data-off': one.onAxis ? undefined : '',
        style: { left: `${((100 * (one.at - from)) / (to - from)).toFixed(2)}%`, bottom: `${bottom.toFixed(2)}%` },
      };
      const key = `${one.at} ${one.value} ${one.spanId}`;
      return way === undefined ? (
        <span key={key} {...look} />
      ) : (
        <Go
          key={key}
          {...way}
          {...look}
          tabIndex={-1}
          aria-hidden
          // A press here follows the link; it begins no range.
          onMouseDown={(event) => event.stopPropagation()}
        />
      );
    });
}

/** What is said of a chart's exemplars: how many, what is left out, why there are none; and the list of them. */
export function ExemplarLine(props: { exemplars: Exemplars; format: (value: number) => string }): ReactNode {
  const { found, more, warnings, loading, error, again } = props.exemplars;
  const off = found.some(({ onAxis }) => !onAxis);
  const notes = [
    more > 0
      ? `Of ${counted(found.length + more, 'exemplar', 'exemplars')} those with the greatest values over time are shown.`
      : '',
    off ? 'This axis is not of their measure: they stand at its foot.' : '',
    ...warnings,
  ].filter((note) => note !== '');
  return (
    <div className="exemplar-line">
      {error !== null && (
        <span role="alert" className="toned" data-tone="bad">
          Exemplars could not be read: {error.detail || error.title}{' '}
          <button type="button" className="plain-button" onClick={again}>
            Try again
          </button>
        </span>
      )}
      {loading && error === null && <span className="muted">Looking for exemplars</span>}
      {!loading && error === null && found.length === 0 && (
        <span className="muted" title="A client sends them with its histograms where a sampled span was measured.">
          No exemplars in this range
        </span>
      )}
      {found.length > 0 && (
        <>
          <span className="exemplar-key" aria-hidden />
          <ChartList
            label={counted(found.length, 'exemplar', 'exemplars')}
            note={notes.length === 0 ? undefined : notes.join(' ')}
            rows={found
              .toSorted((a, b) => b.value - a.value)
              .map((one) => ({
                key: `${one.at} ${one.value} ${one.spanId}`,
                at: one.at,
                text: placeOf(one),
                value: props.format(one.value),
                ...wayOf(one),
              }))}
          />
          {more > 0 && <span className="muted">and {more.toLocaleString('en-US')} more that are not drawn</span>}
        </>
      )}
    </div>
  );
}
