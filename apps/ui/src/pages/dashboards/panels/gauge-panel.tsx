import type { DashboardPanel } from '@sightline/contract';
import type { ReactNode } from 'react';
import { ToneBadge } from '../../../components/state-badge.tsx';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf, toneOfValue } from '../values.ts';
import { BesideWeek, changeOf } from './beside-week.tsx';
import { singleValues } from './single-values.ts';

const gaugesAtMost = 12;
const radius = 80;
/** What has more letters is drawn narrower, into the room between the ends of the half circle. */
const fitting = { letters: 7, length: 124 };

/** Each number on a half circle from least to greatest, the limits as a thin ring around it. */
export default function GaugePanel({ panel, data, label, width, height }: PanelProps): ReactNode {
  const all = singleValues(panel, data).slice(0, gaugesAtMost);
  const format = formatOf(panel);
  const low = panel.options.min ?? 0;
  const high =
    panel.options.max ??
    (panel.unit === 'share' ? 1 : panel.unit === '%' ? 100 : Math.max(low + 1, ...all.map(({ value }) => value ?? 0)));
  if (all.length === 0) return <p className="panel-none">No value</p>;
  const across = Math.max(1, Math.min(all.length, Math.floor(width / 150)));
  return (
    <div className="stats" style={{ gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))` }}>
      {all.map((one) => {
        const { name, value, before } = one;
        const shareOf = (of: number): number => Math.max(0, Math.min(1, (of - low) / (high - low)));
        const share = value === null ? 0 : shareOf(value);
        const tone = toneOf(panel, value);
        const named = all.length > 1 ? name : label;
        return (
          <div key={name} className="gauge" data-tone={tone}>
            <svg
              viewBox="0 0 200 122"
              role="meter"
              aria-label={named}
              aria-valuenow={value ?? low}
              aria-valuemin={low}
              aria-valuemax={high}
              aria-valuetext={`${format(value)} ${changeOf(panel, one)}`.trim()}
              style={{
                maxHeight: Math.max(
                  60,
                  height / Math.ceil(all.length / across) - (all.length > 1 ? 22 : 4) - (before === undefined ? 0 : 18),
                ),
              }}
            >
              <path className="gauge-track" d={arc(0, 1, radius)} />
              {value !== null && share > 0 && <path className="gauge-value" d={arc(0, share, radius)} />}
              {typeof before === 'number' && <path className="gauge-before" d={tick(shareOf(before))} />}
              {limitArcs(panel, low, high).map((limit) => (
                <path
                  key={limit.from}
                  className="gauge-limit"
                  data-tone={limit.tone}
                  d={arc(limit.from, limit.to, radius + 13)}
                />
              ))}
              <text
                x="100"
                y="98"
                textAnchor="middle"
                {...(format(value).length > fitting.letters
                  ? { textLength: fitting.length, lengthAdjust: 'spacingAndGlyphs' }
                  : {})}
              >
                {format(value)}
              </text>
            </svg>
            {(tone === 'warn' || tone === 'bad') && (
              <ToneBadge tone={tone}>{tone === 'bad' ? 'bad' : 'warning'}</ToneBadge>
            )}
            <BesideWeek panel={panel} one={one} />
            {all.length > 1 && <span className="stat-name muted">{name}</span>}
          </div>
        );
      })}
    </div>
  );
}

/** A part of the half circle, shares of it from the left. */
function arc(from: number, to: number, of: number): string {
  const point = (share: number): string => {
    const angle = Math.PI * (1 - share);
    return `${(100 + of * Math.cos(angle)).toFixed(2)} ${(104 - of * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(from)}A${of} ${of} 0 0 1 ${point(to)}`;
}

/** A line across the half circle at a share of it. */
function tick(share: number): string {
  const angle = Math.PI * (1 - share);
  const point = (of: number): string =>
    `${(100 + of * Math.cos(angle)).toFixed(2)} ${(104 - of * Math.sin(angle)).toFixed(2)}`;
  return `M${point(radius - 10)}L${point(radius + 10)}`;
}

function limitArcs(
  panel: DashboardPanel,
  low: number,
  high: number,
): readonly { from: number; to: number; tone: string }[] {
  const ends = [
    low,
    ...panel.thresholds.steps.map(({ at }) => at).filter((at) => at > low && at < high),
    high,
  ].toSorted((a, b) => a - b);
  if (ends.length <= 2) return [];
  return ends.slice(1).map((end, index) => {
    const start = ends[index] ?? low;
    return {
      from: (start - low) / (high - low),
      to: (end - low) / (high - low),
      tone: toneOfValue(panel.thresholds, start),
    };
  });
}
