import { metricLabels, queryMetric, type listMetrics } from '@sightline/contract';
import { Button, MultiSelect, Select, Switch } from '@mantine/core';
import { IconLink, IconX } from '@tabler/icons-react';
import { useMemo, type ReactNode } from 'react';
import { formatValue } from '../../charts/number-format.ts';
import { topSeries } from '../../charts/chart-data.ts';
import { comparable, weekMs } from '../../charts/last-week.ts';
import { MarkLine } from '../../charts/mark-line.tsx';
import { seriesColour } from '../../charts/series-colour.ts';
import { TimeChart, type ChartSeries } from '../../charts/time-chart.tsx';
import { useMarks } from '../../charts/use-marks.ts';
import { weekChange } from '../../charts/week-change.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { copyText } from '../../components/copy.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { ExemplarLine, ExemplarPoints, ExemplarSwitch } from '../../promql/exemplars.tsx';
import { useExemplars } from '../../promql/use-exemplars.ts';
import './metrics.css';
import {
  aggregates,
  drawnUnit,
  exemplarExpression,
  keepsMeasure,
  unitWord,
  firstAggregate,
  readWhere,
  seriesName,
  setWhere,
  writeWhere,
} from './where.ts';

type Info = Reply<typeof listMetrics>['metrics'][number];

const mostDrawn = 8;
const chartPx = 320;

/** One metric over time: how its series are put together, by which labels, and what is left out. */
export function MetricView({ metric, info }: { metric: string; info: Info | undefined }): ReactNode {
  const { search, setSearch } = useAddress();
  const { query: scope, setRange } = useScope();
  const { marks, error: marksError } = useMarks(scope);
  const withExemplars = search['exemplars'] !== 'off';
  const aggregate = aggregates.find((one) => one === search['aggregate']) ?? firstAggregate(info?.type ?? '');
  const by = search['by'] ?? '';
  const where = readWhere(search['where'] ?? '');
  const labels = useAsk(metricLabels, { params: { metric }, query: scope });
  const asked = useAsk(queryMetric, {
    params: { metric },
    query: { ...scope, aggregate, by, where: writeWhere(where), points: 240 },
  });
  const compares = search['compare'] === 'week' && comparable(asked.data?.stepMs ?? 0);
  const lastWeek = useAsk(
    queryMetric,
    {
      params: { metric },
      query: {
        ...scope,
        from: scope.from - weekMs,
        to: scope.to - weekMs,
        aggregate,
        by,
        where: writeWhere(where),
        points: 240,
      },
    },
    { when: compares },
  );
  const unit = drawnUnit(asked.data?.unit || info?.unit || '', aggregate);
  const series = useMemo(() => coloured(asked.data?.series ?? [], metric), [asked.data, metric]);
  const before = useMemo(
    () => (compares ? weekBefore(lastWeek.data?.series ?? [], metric) : []),
    [compares, lastWeek.data, metric],
  );
  const format = (value: number): string => formatValue(value, unit);
  const asksExemplars = withExemplars && series.length > 0;
  const read = useExemplars(scope, asksExemplars ? [exemplarExpression(metric, where)] : []);
  const exemplars = { ...read, found: read.found.map((one) => ({ ...one, onAxis: keepsMeasure(aggregate) })) };
  const known = labels.data?.labels ?? [];
  return (
    <>
      <header className="metric-head">
        <h2 className="code">{metric}</h2>
        <span className="muted">
          {[info?.type ?? '', unitWord(info?.unit ?? '')].filter((part) => part !== '').join(' · ')}
        </span>
        <span className="grow" />
        <Button
          variant="subtle"
          leftSection={<IconLink size={14} />}
          onClick={() => void copyText(window.location.href, 'Link')}
        >
          Copy link
        </Button>
      </header>
      <div className="metric-controls">
        <Select
          label="Aggregate"
          w={110}
          data={[...aggregates]}
          value={aggregate}
          allowDeselect={false}
          onChange={(value) => setSearch({ aggregate: value ?? '' })}
        />
        <MultiSelect
          label="By"
          placeholder={by === '' ? 'one series for all' : ''}
          miw={180}
          size="xs"
          data={known.map(({ label }) => label)}
          value={by.split(',').filter((label) => label !== '')}
          searchable
          clearable
          onChange={(values) => setSearch({ by: values.join(',') })}
        />
        <WhereAdder
          known={known}
          onAdd={(label, value) => setSearch({ where: writeWhere(setWhere(where, label, value)) })}
        />
        {where.map(({ label, value }) => (
          <Button
            key={label}
            variant="default"
            className="where-chip"
            rightSection={<IconX size={12} />}
            aria-label={`Remove ${label} = ${value}`}
            onClick={() => setSearch({ where: writeWhere(setWhere(where, label, '')) })}
          >
            {label} = {value}
          </Button>
        ))}
      </div>
      {asked.data === undefined && asked.error === null && <Skeleton height={chartPx} />}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} kept="The query stands in the address." again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && (
        <div data-stale={asked.isPlaceholderData ? '' : undefined} className="metric-chart">
          <TimeChart
            series={[...series, ...before]}
            from={scope.from}
            to={scope.to}
            stepMs={asked.data.stepMs}
            unit={unit}
            kind={aggregate === 'increase' || aggregate === 'count' ? 'bars' : 'lines'}
            addable={aggregate === 'sum' || aggregate === 'rate' || aggregate === 'increase' || aggregate === 'count'}
            height={chartPx}
            label={`${aggregate} of ${metric} over time`}
            marks={marks.marks}
            renderOver={
              asksExemplars
                ? (share) => (
                    <ExemplarPoints
                      exemplars={exemplars.found}
                      from={scope.from}
                      to={scope.to}
                      share={share}
                      format={format}
                    />
                  )
                : undefined
            }
            onRange={setRange}
          />
          <div className="row under-chart">
            <ExemplarSwitch />
            <Switch
              size="xs"
              label="Last week beside it"
              checked={search['compare'] === 'week'}
              onChange={(event) => setSearch({ compare: event.currentTarget.checked ? 'week' : '' })}
            />
            {compares && lastWeek.error !== null && (
              <span role="alert" className="toned" data-tone="warn">
                Last week could not be read: {lastWeek.error.detail || lastWeek.error.title}
              </span>
            )}
            {search['compare'] === 'week' && !compares && (
              <span className="muted">Steps of this range do not divide a week: nothing is beside it.</span>
            )}
            {compares && lastWeek.data?.series.length === 0 && <span className="muted">No values last week</span>}
            {asksExemplars && <ExemplarLine exemplars={exemplars} format={format} />}
            <MarkLine marks={marks} error={marksError} />
          </div>
          {asked.data.others > 0 && (
            <p className="muted">{asked.data.others} more series were left out by the server; filter to see them.</p>
          )}
          <Legend series={series} before={before} unit={unit} />
        </div>
      )}
    </>
  );
}

/** The series that will be drawn (the greatest eight) in the palette's colours, the others in grey. */
function coloured(series: Reply<typeof queryMetric>['series'], metric: string): readonly ChartSeries[] {
  const named = series.map(({ labels, points }): ChartSeries => ({ name: seriesName(labels, metric), points }));
  const { kept } = topSeries(named, mostDrawn, 'omit');
  return named.map((one) => {
    const place = kept.indexOf(one);
    return { ...one, colour: place < 0 ? 'var(--chart-others)' : seriesColour(place) };
  });
}

const beforeName = (name: string): string => `${name} (a week before)`;

/** The series of a week before at the times of now. */
function weekBefore(series: Reply<typeof queryMetric>['series'], metric: string): readonly ChartSeries[] {
  return series.map(({ labels, points }) => ({
    name: beforeName(seriesName(labels, metric)),
    points: points.map(({ at, value }) => ({ at: at + weekMs, value })),
    dashed: true,
    // Steps may be shorter than what was measured in: without this nothing but single points would be left of it.
    bridged: true,
  }));
}

const meanOf = (points: ChartSeries['points']): number | null =>
  points.length === 0 ? null : points.reduce((sum, { value }) => sum + value, 0) / points.length;

/** Each series with its last, mean, least and greatest value, and its mean a week before where that is asked for. */
function Legend({
  series,
  before,
  unit,
}: {
  series: readonly ChartSeries[];
  before: readonly ChartSeries[];
  unit: string;
}): ReactNode {
  const then = new Map(before.map(({ name, points }) => [name, meanOf(points)]));
  const rows = series.map(({ name, points, colour }) => {
    const values = points.map(({ value }) => value);
    return {
      name,
      colour: colour ?? 'var(--chart-others)',
      last: values.at(-1),
      mean: meanOf(points) ?? undefined,
      low: values.length === 0 ? undefined : Math.min(...values),
      high: values.length === 0 ? undefined : Math.max(...values),
    };
  });
  if (rows.length === 0) return null;
  return (
    <ScrollX label="Table of series">
      <table className="table">
        <thead>
          <tr>
            <th>Series</th>
            <th className="number">Last</th>
            <th className="number">Mean</th>
            <th className="number">Least</th>
            <th className="number">Greatest</th>
            {before.length > 0 && <th className="number">Mean, a week before</th>}
          </tr>
        </thead>
        <tbody>
          {rows
            .toSorted((a, b) => (b.last ?? 0) - (a.last ?? 0))
            .map((row) => (
              <tr key={row.name}>
                <td>
                  <span className="row">
                    <span className="swatch" style={{ background: row.colour }} /> {row.name}
                  </span>
                </td>
                <td className="number">{formatValue(row.last, unit)}</td>
                <td className="number">{formatValue(row.mean, unit)}</td>
                <td className="number">{formatValue(row.low, unit)}</td>
                <td className="number">{formatValue(row.high, unit)}</td>
                {before.length > 0 && (
                  <td className="number">
                    {
                      weekChange(row.mean ?? null, then.get(beforeName(row.name)) ?? null, unit, (value) =>
                        formatValue(value ?? undefined, unit),
                      ).text
                    }
                  </td>
                )}
              </tr>
            ))}
        </tbody>
      </table>
    </ScrollX>
  );
}

function WhereAdder({
  known,
  onAdd,
}: {
  known: Reply<typeof metricLabels>['labels'];
  onAdd: (label: string, value: string) => void;
}): ReactNode {
  return (
    <Select
      label="Where"
      placeholder="Add a condition"
      w={210}
      searchable
      value={null}
      limit={200}
      data={known.map(({ label, values }) => ({
        group: label,
        items: values
          .filter((value) => !value.includes(','))
          .map((value) => ({ value: `${label}=${value}`, label: value || '(none)' })),
      }))}
      onChange={(pair) => {
        const [first] = readWhere(pair ?? '');
        if (first !== undefined) onAdd(first.label, first.value);
      }}
    />
  );
}
