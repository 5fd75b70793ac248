import { Button } from '@mantine/core';
import { logPatternValues, type LogPattern, type LogPatternValues } from '@sightline/contract';
import type { ReactNode } from 'react';
import { formatCount } from '../../charts/number-format.ts';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAsk } from '../../data/ask.ts';
import type { useScope } from '../../data/scope.ts';
import { useMe } from '../../data/session.tsx';
import { AlertOnSearch } from '../../search/alert-on-search.tsx';
import { addPhrases, leaveOutPhrases } from '../../search/query-edit.ts';
import { useGo } from '../../shell/go.tsx';

interface PatternDetailProps {
  readonly scope: ReturnType<typeof useScope>['query'];
  readonly q: string;
  readonly archive: boolean;
  readonly pattern: LogPattern;
  readonly onQuery: (q: string) => void;
  readonly onNarrow: (q: string) => void;
}

/** What differs in the lines of one pattern, and what can be done with it. */
export function PatternDetail({ scope, q, archive, pattern, onQuery, onNarrow }: PatternDetailProps): ReactNode {
  const { template, phrases } = pattern;
  const go = useGo();
  const me = useMe();
  const asked = useAsk(
    logPatternValues,
    { query: { ...scope, q, template, archive: archive ? 'true' : 'false' } },
    { keepOld: false, when: template.includes('<_>') },
  );
  const values = asked.data;
  const own = addPhrases(q, phrases);
  const wordless = phrases.length === 0;
  return (
    <div className="pattern-detail">
      <div className="row pattern-acts">
        <Button variant="default" disabled={wordless} onClick={() => onQuery(own)}>
          Show its lines
        </Button>
        <Button
          variant="default"
          disabled={wordless}
          title="Patterns of all other lines (x)"
          onClick={() => onNarrow(leaveOutPhrases(q, phrases))}
        >
          Leave it out
        </Button>
        {!wordless && <AlertOnSearch source="logs" q={own} scope={scope} label="Alert on this pattern" />}
        {me.may('admin') && values !== undefined && values.parse !== '' && (
          <Button
            variant="default"
            title="A pipeline that reads its values into attributes"
            onClick={() =>
              go('/settings', {
                tab: 'pipelines',
                pipeline: 'new',
                parse: values.parse,
                filter: addPhrases('', phrases),
              })
            }
          >
            Make a parse rule of it
          </Button>
        )}
        {wordless && <span className="muted">No words of it stand in every line: it cannot be searched for.</span>}
      </div>
      <code className="pattern-example">{pattern.example}</code>
      {!template.includes('<_>') && <p className="muted">All of its lines are the same.</p>}
      {asked.isLoading && <SkeletonRows rows={3} height={28} />}
      {asked.error !== null && <ErrorState error={asked.error} again={() => void asked.refetch()} />}
      {values !== undefined && <Variables values={values} onChoose={(phrase) => onQuery(addPhrases(own, [phrase]))} />}
    </div>
  );
}

function Variables(props: {
  readonly values: LogPatternValues;
  readonly onChoose: (phrase: string) => void;
}): ReactNode {
  const { values, onChoose } = props;
  if (values.lines === 0)
    return <p className="muted">Its lines could not be taken apart: the pattern is more general than they are.</p>;
  return (
    <>
      {values.every > 1 && <p className="muted">Of one line in {formatCount(values.every)}; counts are scaled.</p>}
      <div className="pattern-variables">
        {values.variables.map(({ name, distinct, numbers, top }) => (
          <section key={name} aria-label={name}>
            <h3 className="part-title">
              {name} <span className="muted">{distinctText(distinct)}</span>
            </h3>
            {numbers !== null && (
              <p className="pattern-numbers">
                min {figure(numbers.min, numbers.unit)} · median {figure(numbers.median, numbers.unit)} · max{' '}
                {figure(numbers.max, numbers.unit)}
              </p>
            )}
            <ul>
              {top.map(({ value, lines, phrase }) => (
                <li key={value}>
                  <button
                    type="button"
                    className="pattern-value"
                    disabled={phrase === ''}
                    title={phrase === '' ? 'It cannot be searched for' : `Show lines with "${phrase}"`}
                    onClick={() => onChoose(phrase)}
                  >
                    <span
                      className="pattern-fill"
                      style={{ width: `${Math.min(100, (lines / (values.lines * values.every)) * 100)}%` }}
                    />
                    <code>{value === '' ? '(empty)' : value}</code>
                    <span className="muted">{formatCount(lines)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </>
  );
}

const distinctText = (count: number): string => (count === 1 ? '1 value' : `${formatCount(count)} values`);
const figure = (value: number, unit: string): string =>
  `${value.toLocaleString('en-US', { maximumFractionDigits: 3 })}${unit === '' ? '' : ` ${unit}`}`;
