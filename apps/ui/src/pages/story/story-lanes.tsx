import type { ReactNode } from 'react';
import { formatNs } from '../../charts/number-format.ts';
import { severityTone } from '../../components/severity-tick.tsx';
import { entrySentence } from './entry-sentence.ts';
import type { LaneMark, StoryLayout } from './lane-layout.ts';
import './story.css';

const rowPx = 18;
const percent = (share: number) => `${(share * 100).toFixed(3)}%`;

/** One lane for each part of the system: spans as bars, log lines as ticks, errors as diamonds. */
export function StoryLanes({
  layout,
  open,
  onOpen,
}: {
  readonly layout: StoryLayout;
  readonly open: number;
  readonly onOpen: (index: number) => void;
}): ReactNode {
  return (
    <div className="lanes" role="group" aria-label="Time line; the list below has the same entries in order">
      <div className="lane lane-axis" aria-hidden="true">
        <span />
        <span className="axis-ticks">
          {[0, 0.25, 0.5, 0.75, 1].map((share) => (
            <span key={share}>{formatNs(layout.durationNs * share)}</span>
          ))}
        </span>
      </div>
      {layout.lanes.map((lane, laneIndex) => (
        <div key={lane.name} className="lane">
          <span className="lane-name" title={lane.name}>
            {lane.name}
          </span>
          <div className="lane-track" style={{ height: lane.rows * rowPx + 20 }}>
            {lane.bars.map((bar) => (
              <button
                key={bar.index}
                type="button"
                // Bars and ticks stand as close as time put them: keys and thumbs have the list below.
                tabIndex={-1}
                className="lane-bar"
                data-failed={bar.entry.span.status === 'error' ? '' : undefined}
                aria-current={bar.index === open ? 'true' : undefined}
                aria-label={`${lane.name} ${entrySentence(bar.entry)}`}
                title={entrySentence(bar.entry)}
                style={
                  {
                    left: percent(bar.start),
                    width: `max(3px, ${percent(bar.end - bar.start)})`,
                    top: 3 + bar.row * rowPx,
                    '--bar': `var(--series-${(laneIndex % 8) + 1})`,
                  } as object
                }
                onClick={() => onOpen(bar.index)}
              >
                {bar.end - bar.start > 0.08 && bar.entry.span.name}
              </button>
            ))}
            {lane.marks.map((mark) => (
              <Mark key={mark.index} mark={mark} lane={lane.name} open={mark.index === open} onOpen={onOpen} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

function Mark({
  mark,
  lane,
  open,
  onOpen,
}: {
  mark: LaneMark;
  lane: string;
  open: boolean;
  onOpen: (index: number) => void;
}): ReactNode {
  const { entry } = mark;
  const sentence = entrySentence(entry).slice(0, 240);
  return (
    <button
      type="button"
      tabIndex={-1}
      className="lane-mark"
      data-kind={entry.kind}
      data-tone={entry.kind === 'log' ? severityTone(entry.log.severity) : 'bad'}
      aria-current={open ? 'true' : undefined}
      aria-label={`${lane}: ${sentence}`}
      title={sentence}
      style={{ left: percent(mark.at) }}
      onClick={() => onOpen(mark.index)}
    >
      <span />
    </button>
  );
}
