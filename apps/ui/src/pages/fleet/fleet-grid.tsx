import type { SiteSummary } from '@sightline/contract';
import { memo, type ReactNode } from 'react';
import { useFirstRows } from '../../components/first-rows.tsx';
import { counted } from '../../components/number-text.ts';
import { StateShape, toneOf } from '../../components/state-badge.tsx';
import { hourAndMinute, longText } from '../../components/time-format.ts';
import { Go } from '../../shell/go.tsx';
import { troubleWords } from './fleet-sentence.ts';
import { HealthBar } from './health-bar.tsx';

/** A tile per store, in the order given. Tiles draw themselves anew only when their store changed. */
export function FleetGrid({ sites, now }: { sites: readonly SiteSummary[]; now: number }): ReactNode {
  const { first, rest } = useFirstRows(sites, { atOnce: 1000, one: 'store', hint: '; type a part of the name, or' });
  return (
    <>
      <ul className="fleet-grid" aria-label="Stores">
        {first.map((site) => (
          <li key={site.code}>
            <Tile site={site} minute={Math.floor(now / 60_000)} />
          </li>
        ))}
      </ul>
      {rest}
    </>
  );
}

const Tile = memo(
  function Tile({ site, minute }: { site: SiteSummary; minute: number }): ReactNode {
    const words = tileWords(site, minute * 60_000);
    return (
      <Go
        to={`/sites/${encodeURIComponent(site.code)}`}
        className="tile"
        data-tone={toneOf(site.state)}
        data-state={site.state}
        title={`${site.name}, ${site.city}: ${site.state}`}
      >
        <span className="tile-head">
          <StateShape state={site.state} />
          <strong>{site.code}</strong>
          <span className="only-read-aloud">{site.state}</span>
        </span>
        <HealthBar health={site.health} />
        <span className="tile-words">{words}</span>
      </Go>
    );
  },
  (a, b) => a.minute === b.minute && drawsAlike(a.site, b.site),
);

/** Only what a tile shows; `lastSeenAt` moves with every answer and shows only where a store is away. */
function drawsAlike(a: SiteSummary, b: SiteSummary): boolean {
  return (
    a.state === b.state &&
    a.worst === b.worst &&
    troubleWords(a) === troubleWords(b) &&
    a.ordersToday === b.ordersToday &&
    a.name === b.name &&
    a.city === b.city &&
    (a.state !== 'offline' || a.lastSeenAt === b.lastSeenAt) &&
    (a.health === b.health || a.health.join() === b.health.join())
  );
}

function tileWords(site: SiteSummary, now: number): string {
  if (site.state === 'offline') {
    if (site.lastSeenAt === null) return 'never heard';
    const away = now - site.lastSeenAt;
    return `offline since ${away < 43_200_000 ? hourAndMinute(site.lastSeenAt) : longText(away)}`;
  }
  if (site.state === 'healthy') return site.ordersToday > 0 ? counted(site.ordersToday, 'order') : 'well';
  return troubleWords(site);
}
