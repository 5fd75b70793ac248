import type { ReactNode } from 'react';
import { formatCount, formatDuration } from '../../charts/number-format.ts';
import { Sparkline } from '../../charts/sparkline.tsx';

interface CoursesProps {
  readonly points: readonly {
    readonly at: number;
    readonly calls: number;
    readonly errors: number;
    readonly p95Ms: number;
  }[];
}

/** Calls, failures and the 95th percentile over the range, each with its highest value. Where there was no call there is no percentile. */
export function Courses({ points }: CoursesProps): ReactNode {
  const most = (of: (point: CoursesProps['points'][number]) => number) =>
    points.reduce((high, point) => Math.max(high, of(point)), 0);
  const failed = most(({ errors }) => errors);
  return (
    <dl className="courses">
      <dt>Calls</dt>
      <dd>
        <Sparkline
          points={points.map(({ at, calls }) => ({ at, value: calls }))}
          label="Calls"
          kind="bars"
          width={320}
          height={36}
        />
        <Most text={formatCount(most(({ calls }) => calls))} />
      </dd>
      {failed > 0 && (
        <>
          <dt>Failed</dt>
          <dd>
            <Sparkline
              points={points.map(({ at, errors }) => ({ at, value: errors }))}
              label="Failed calls"
              kind="bars"
              tone="bad"
              width={320}
              height={36}
            />
            <Most text={formatCount(failed)} />
          </dd>
        </>
      )}
      <dt>p95</dt>
      <dd>
        <Sparkline
          points={points.map(({ at, calls, p95Ms }) => ({ at, value: calls === 0 ? undefined : p95Ms }))}
          label="p95 in ms"
          width={320}
          height={36}
        />
        <Most text={formatDuration(most(({ p95Ms }) => p95Ms))} />
      </dd>
    </dl>
  );
}

const Most = ({ text }: { text: string }): ReactNode => <span className="muted courses-most">up to {text}</span>;
