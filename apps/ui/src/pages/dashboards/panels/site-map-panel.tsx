import { fleet } from '@sightline/contract';
import { useMemo, useState, type ReactNode } from 'react';
import { ErrorState } from '../../../components/error-state.tsx';
import { siteGround } from '../../../components/site-ground.ts';
import { GroundLines } from '../../../components/site-ground-lines.tsx';
import { Skeleton } from '../../../components/skeleton.tsx';
import { StateMark, toneOf as toneOfState } from '../../../components/state-badge.tsx';
import { useAsk } from '../../../data/ask.ts';
import { Go } from '../../../shell/go.tsx';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf } from '../values.ts';
import { singleValues } from './single-values.ts';

const namedAtMost = 30;

/** Sites where they stand. Circles are sized by a query's value of the label `site`, by today's orders where there is none. */
export default function SiteMapPanel({ panel, data, scope, label, width, height }: PanelProps): ReactNode {
  const asked = useAsk(fleet, { query: { environment: scope.environment } }, { everyMs: 30_000 });
  const [pointed, setPointed] = useState('');
  const placed = useMemo(
    () =>
      (asked.data?.sites ?? []).flatMap((site) =>
        site.longitude === null || site.latitude === null
          ? []
          : [{ ...site, at: [site.longitude, site.latitude] as [number, number] }],
      ),
    [asked.data],
  );
  const places = placed.map(({ at }) => at.join()).join(' ');
  const drawing = useMemo(() => {
    const sites = placed.map(({ at }) => at);
    return siteGround(sites, [
      [24, 20],
      [Math.max(60, width - 24), Math.max(60, height - 36)],
    ]);
    // It moves only when a site moves, not with every answer.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [places, width, height]);
  if (asked.data === undefined)
    return asked.error === null ? (
      <Skeleton height={height} />
    ) : (
      <ErrorState error={asked.error} again={() => void asked.refetch()} />
    );
  const queried = panel.queries.some(({ kind }) => kind === 'promql');
  const bySite = new Map(singleValues(panel, data).map(({ labels, value }) => [labels['site'] ?? '', value]));
  const format = formatOf(panel);
  // Where no outline says which place is which, the sites say it themselves, as long as their names have room.
  const named = drawing.lines !== '' && placed.length <= namedAtMost;
  const valueOf = (code: string, orders: number): number | null => (queried ? (bySite.get(code) ?? null) : orders);
  const most = Math.max(1e-9, ...placed.map((site) => valueOf(site.code, site.ordersToday) ?? 0));
  return (
    <div className="site-map">
      <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} role="group" aria-label={label}>
        <path className="site-map-ground" d={drawing.land} />
        <path className="site-map-border" d={drawing.borders} />
        <GroundLines ground={drawing} height={height} />
        {placed.map((site) => {
          const at = drawing.projection(site.at);
          if (at === null) return null;
          const value = valueOf(site.code, site.ordersToday);
          const said = `${site.code}: ${site.state}, ${queried ? format(value) : `${site.ordersToday} orders today`}`;
          const tone = queried && panel.thresholds.steps.length > 0 ? toneOf(panel, value) : toneOfState(site.state);
          return (
            <Go
              key={site.code}
              to={`/sites/${encodeURIComponent(site.code)}`}
              aria-label={said}
              data-tone={tone}
              className="site-map-spot"
              onPointerEnter={() => setPointed(said)}
              onPointerLeave={() => setPointed('')}
              onFocus={() => setPointed(said)}
              onBlur={() => setPointed('')}
            >
              <g transform={`translate(${at[0]} ${at[1]})`}>
                <circle r={4 + 9 * Math.sqrt(Math.max(0, value ?? 0) / most)} />
                {named && (
                  <text x={8 + 9 * Math.sqrt(Math.max(0, value ?? 0) / most)} y={4}>
                    {site.code}
                  </text>
                )}
                {tone !== 'good' && tone !== 'idle' && (
                  <g transform="translate(-5 -5)">
                    <StateMark state={site.state} />
                  </g>
                )}
              </g>
            </Go>
          );
        })}
      </svg>
      <span className="site-map-said muted" aria-hidden>
        {pointed ||
          (placed.length === 0 ? 'No site has a place on the map' : queried ? 'Circle: value' : 'Circle: orders today')}
      </span>
    </div>
  );
}
