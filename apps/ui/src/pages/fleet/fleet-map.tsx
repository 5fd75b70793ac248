import type { SiteSummary } from '@sightline/contract';
import { useElementSize } from '@mantine/hooks';
import { useMemo, useState, type ReactNode } from 'react';
import { counted, money } from '../../components/number-text.ts';
import { siteGround } from '../../components/site-ground.ts';
import { GroundLines } from '../../components/site-ground-lines.tsx';
import { StateBadge, StateMark, toneOf } from '../../components/state-badge.tsx';
import { Go } from '../../shell/go.tsx';
import { troubleText } from '../../components/trouble-text.ts';
import { byTrouble, urgency } from './fleet-sentence.ts';
import { freeLabels } from './map-labels.ts';

/** The stores where they stand: circles sized by orders, coloured and marked by state, zoomed to where the stores are. */
export default function FleetMap({ sites }: { sites: readonly SiteSummary[]; now: number }): ReactNode {
  const { ref, width, height } = useElementSize();
  const [pointed, setPointed] = useState<SiteSummary>();
  const placed = useMemo(() => sites.filter(isPlaced), [sites]);
  const places = placed.map((s) => `${s.longitude},${s.latitude}`).join(' ');
  const ground = useMemo(
    () =>
      width === 0
        ? undefined
        : siteGround(
            placed.map(({ longitude, latitude }) => [longitude, latitude] as const),
            [
              [48, 40],
              [width - 72, height - 64],
            ],
          ),
    // The projection moves only when a store moves, not with every answer.
    // oxlint-disable-next-line react/exhaustive-deps
    [places, width, height],
  );
  const projection = ground?.projection;
  const most = Math.max(1, ...placed.map((s) => s.ordersToday));
  const radiusOf = (site: SiteSummary): number =>
    (5 + 11 * Math.sqrt(site.ordersToday / most)) * Math.min(1, Math.max(0.6, width / 900));
  const labels = freeLabels(
    placed
      .filter((site) => urgency(site.state) === 2)
      .toSorted(byTrouble)
      .map((site) => ({ code: site.code, at: projection?.([site.longitude, site.latitude]), radius: radiusOf(site) })),
    width,
  );
  return (
    <div className="panel fleet-map" ref={ref}>
      {projection !== undefined && ground !== undefined && (
        <svg className="land" viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Map of stores">
          <path className="ground" d={ground.land} />
          <path className="ground" d={ground.borders} fill="none" style={{ fill: 'none' }} />
          <GroundLines ground={ground} height={height} />
          {placed
            .toSorted((a, b) => byTrouble(b, a))
            .map((site) => (
              <Spot
                key={site.code}
                site={site}
                at={projection([site.longitude, site.latitude]) ?? undefined}
                radius={radiusOf(site)}
                label={labels.get(site.code)}
                onPoint={setPointed}
              />
            ))}
        </svg>
      )}
      <div className="map-card" aria-hidden>
        {pointed === undefined ? (
          <span className="muted">
            Circle: orders today.{' '}
            {placed.length < sites.length &&
              `${counted(sites.length - placed.length, 'store')} without a place on the map${
                placed.length === 0
                  ? ': clients send site.latitude and site.longitude, or an admin enters it on the store’s page'
                  : ''
              }.`}
          </span>
        ) : (
          <>
            <div className="row">
              <strong>{pointed.code}</strong> <StateBadge state={pointed.state} />
              {pointed.worst !== '' && <span>{troubleText(pointed)}</span>}
            </div>
            <div className="muted">
              {pointed.city} · {counted(pointed.ordersToday, 'order')} · {money(pointed.revenueToday)} today
            </div>
          </>
        )}
      </div>
    </div>
  );
}

type Placed = SiteSummary & { longitude: number; latitude: number };

function isPlaced(site: SiteSummary): site is Placed {
  return site.longitude !== null && site.latitude !== null;
}

function Spot(props: {
  site: Placed;
  at: [number, number] | undefined;
  radius: number;
  label: 'left' | 'right' | undefined;
  onPoint: (site: SiteSummary | undefined) => void;
}): ReactNode {
  const { site, at, radius, label, onPoint } = props;
  if (at === undefined) return null;
  const trouble = urgency(site.state) > 0;
  return (
    <Go
      to={`/sites/${encodeURIComponent(site.code)}`}
      className="spot"
      data-tone={toneOf(site.state)}
      aria-label={`${site.code}, ${site.city}: ${site.state}${site.worst === '' ? '' : `, ${site.worst}`}, ${counted(site.ordersToday, 'order')} today`}
      onPointerEnter={() => onPoint(site)}
      onPointerLeave={() => onPoint(undefined)}
      onFocus={() => onPoint(site)}
      onBlur={() => onPoint(undefined)}
    >
      <g transform={`translate(${at[0]} ${at[1]})`}>
        <circle className="size" r={radius} />
        {trouble && (
          <g transform="translate(-7 -7) scale(1.4)">
            <StateMark state={site.state} />
          </g>
        )}
        {label !== undefined && (
          <text x={label === 'right' ? radius + 4 : -radius - 4} y={4} textAnchor={label === 'right' ? 'start' : 'end'}>
            {site.code}
          </text>
        )}
      </g>
    </Go>
  );
}
