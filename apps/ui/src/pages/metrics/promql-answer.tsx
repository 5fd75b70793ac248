import { useCallback, type ReactNode } from 'react';
import { MarkLine } from '../../charts/mark-line.tsx';
import { formatCount } from '../../charts/number-format.ts';
import { useMarks } from '../../charts/use-marks.ts';
import { useAddress } from '../../data/address.ts';
import { useScope } from '../../data/scope.ts';
import { ExemplarLine, ExemplarPoints } from '../../promql/exemplars.tsx';
import { type joinAnswers, queryLabel } from '../../promql/join-answers.ts';
import { SeriesAnswer } from '../../promql/series-answer.tsx';
import { useExemplars } from '../../promql/use-exemplars.ts';
import { formulaRef } from './promql-asked.ts';

type Data = NonNullable<ReturnType<typeof joinAnswers>>;

/** What queries answered, as a chart with its marks and exemplars, or as a table. */
export function PromqlAnswer(props: {
  data: Data;
  expressions: readonly string[];
  /** Whether several queries are drawn together: then the formula has an axis of its own. */
  beside: boolean;
  stacked: boolean;
  from: number;
  to: number;
  stepMs: number;
  onRange: (from: number, to: number) => void;
}): ReactNode {
  const { data, expressions, beside, stacked, from, to, stepMs, onRange } = props;
  const { environment, site, service } = useScope().query;
  const scope = { from, to, environment, site, service };
  const { marks, error: marksError } = useMarks(scope);
  const wanted = useAddress().search['exemplars'] !== 'off';
  // On two axes, and on stacks, a measurement's own value has no place.
  const withExemplars = wanted && !beside && !stacked;
  const chart = data.type === 'matrix' && data.stepMs > 0 && data.series.length > 0;
  const exemplars = useExemplars(scope, chart && withExemplars ? expressions : []);
  const isFormula = useCallback((labels: Readonly<Record<string, string>>) => labels[queryLabel] === formulaRef, []);
  return (
    <SeriesAnswer
      data={data}
      query={expressions.join(', ')}
      from={from}
      to={to}
      stepMs={stepMs}
      marks={marks.marks}
      stacked={stacked}
      atRight={beside ? isFormula : undefined}
      renderOver={
        withExemplars
          ? (share) => (
              <ExemplarPoints exemplars={exemplars.found} from={from} to={to} share={share} format={formatCount} />
            )
          : undefined
      }
      under={
        <div className="row under-chart">
          {withExemplars && <ExemplarLine exemplars={exemplars} format={formatCount} />}
          <MarkLine marks={marks} error={marksError} />
        </div>
      }
      onRange={onRange}
    />
  );
}
