import type { ReactNode } from 'react';
import { ToneBadge } from '../../../components/state-badge.tsx';
import type { PanelProps } from '../panel-props.ts';
import { formatOf, toneOf } from '../values.ts';
import { BesideWeek, changeOf } from './beside-week.tsx';
import { singleValues, type SingleValue } from './single-values.ts';

const statsAtMost = 24;
/** Of a character, as a share of the size of its type: wider than most are. */
const widthOfFigure = 0.66;
const toneWords = { good: 'good', warn: 'warning', bad: 'bad', idle: '' } as const;

/** One number, or a few, each with its state in colour and shape, and its course as a quiet line behind. */
export default function StatPanel({ panel, data, label, width, height }: PanelProps): ReactNode {
  const all = singleValues(panel, data);
  const format = formatOf(panel);
  const shown = all.slice(0, statsAtMost);
  const across = Math.max(1, Math.min(shown.length, Math.floor(width / 130)));
  const longest = Math.max(...shown.map(({ value }) => format(value).length));
  const size = Math.max(
    14,
    Math.min(
      40,
      (height / Math.ceil(shown.length / across)) * 0.42,
      (width / across) * 0.17,
      // A figure that is cut off may be read as another one.
      width / across / (longest * widthOfFigure),
    ),
  );
  if (shown.length === 0) return <p className="panel-none">No value</p>;
  return (
    <div className="stats" style={{ gridTemplateColumns: `repeat(${across}, minmax(0, 1fr))` }}>
      {shown.map((one) => {
        const tone = toneOf(panel, one.value);
        const text = format(one.value);
        return (
          <div
            key={one.name}
            className="stat"
            data-tone={tone}
            role="group"
            aria-label={`${shown.length > 1 ? one.name : label}: ${text} ${toneWords[tone]} ${changeOf(panel, one)}`.trim()}
          >
            {panel.options.sparkline && <Course {...one} />}
            <span className="stat-value" style={{ fontSize: size }}>
              {text}
            </span>
            {(tone === 'warn' || tone === 'bad') && <ToneBadge tone={tone}>{toneWords[tone]}</ToneBadge>}
            <BesideWeek panel={panel} one={one} />
            {shown.length > 1 && <span className="stat-name muted">{one.name}</span>}
          </div>
        );
      })}
      {all.length > shown.length && <p className="muted">{all.length - shown.length} more</p>}
    </div>
  );
}

/** The course of the value, without an axis. */
function Course({ values }: Pick<SingleValue, 'values'>): ReactNode {
  const path = coursePath(values);
  if (path === '') return null;
  return (
    <svg className="stat-course" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden>
      <path d={path} />
    </svg>
  );
}

function coursePath(values: readonly (number | null)[]): string {
  const known = values.filter((value) => value !== null);
  if (known.length < 2) return '';
  const low = Math.min(...known);
  const high = Math.max(...known);
  return values
    .map((value, index) => {
      if (value === null) return '';
      const y = high === low ? 50 : 96 - ((value - low) / (high - low)) * 92;
      const begins = index === 0 || values[index - 1] === null;
      return `${begins ? 'M' : 'L'}${((index / (values.length - 1)) * 100).toFixed(2)} ${y.toFixed(1)}`;
    })
    .join('');
}
