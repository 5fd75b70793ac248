import type { ReactNode } from 'react';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf } from '../values.ts';
import { changeOf } from './beside-week.tsx';
import { singleValues } from './single-values.ts';

const barsAtMost = 50;

/**
 * One bar for each series: as they come (`bar`), or the greatest first (`toplist`). A thin line on each is where it stood a week before,
 * where that is asked for.
 */
export default function BarPanel({ panel, data, label }: PanelProps): ReactNode {
  const found = singleValues(panel, data).filter((one): one is typeof one & { value: number } => one.value !== null);
  const all = panel.type === 'toplist' ? found.toSorted((a, b) => b.value - a.value) : found;
  const format = formatOf(panel);
  const low = Math.min(0, panel.options.min ?? 0, ...all.map(({ value }) => value));
  const high =
    panel.options.max ??
    Math.max(low + Number.EPSILON, ...all.map(({ value, before }) => Math.max(value, before ?? value)));
  const share = (value: number): number => Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
  if (all.length === 0) return <p className="panel-none">No value</p>;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- who has no pointer scrolls it with the arrow keys
    <div className="bars" tabIndex={0} role="region" aria-label={label}>
      <ol>
        {all.slice(0, barsAtMost).map((one, index) => {
          const { name, value, before } = one;
          const change = changeOf(panel, one);
          return (
            <li key={`${name} ${index}`} data-tone={toneOf(panel, value)}>
              <span className="bar-name" title={name}>
                {name}
              </span>
              <span className="bar-track">
                <span className="bar-fill" style={{ width: `${share(value) * 100}%` }} />
                {typeof before === 'number' && (
                  <span className="bar-before" style={{ left: `${share(before) * 100}%` }} />
                )}
              </span>
              <span className="bar-value">
                {format(value)}
                {change !== '' && <span className="beside-week muted">{change}</span>}
              </span>
            </li>
          );
        })}
      </ol>
      {all.length > barsAtMost && <p className="muted">{all.length - barsAtMost} more</p>}
    </div>
  );
}
