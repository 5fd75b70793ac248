import type { ReactNode } from 'react';
import { Choice, type FieldsProps } from './condition-parts.tsx';
import { type SilenceTable, type Source, type Vital, withSource } from './draft.ts';
import { FeedbackFields, IssuesFields, PatternFields, SilenceFields } from './event-fields.tsx';
import { LimitFields } from './limit-fields.tsx';
import { MetricFields } from './metric-fields.tsx';
import { RecordsFields } from './records-fields.tsx';

const sourceWords: Readonly<Record<Source, string>> = {
  logs: 'Logs',
  spans: 'Traces (spans)',
  errors: 'Errors',
  metric: 'A metric',
  vital: 'CPU, memory, disk, queue',
  silence: 'Silence',
  issues: 'Issues',
  pattern: 'New log pattern',
  feedback: 'User feedback',
};
const vitalWords: Readonly<Record<Vital, string>> = { cpu: 'CPU', memory: 'Memory', disk: 'Disk', queue: 'Queue' };
const silenceWords: Readonly<Record<SilenceTable, string>> = {
  any: 'Any signal',
  logs: 'Logs',
  spans: 'Traces (spans)',
  errors: 'Errors',
};

/** The fields of each source, besides its limit. */
const fieldsOf: Readonly<Record<Source, ((props: FieldsProps) => ReactNode) | undefined>> = {
  logs: RecordsFields,
  spans: RecordsFields,
  errors: RecordsFields,
  metric: MetricFields,
  vital: undefined,
  silence: SilenceFields,
  issues: IssuesFields,
  pattern: PatternFields,
  feedback: FeedbackFields,
};
/** Sources that are no number with a limit. */
const withoutLimit: ReadonlySet<Source> = new Set(['silence', 'issues', 'pattern', 'feedback']);

/** What is watched, and when it is wrong. */
export function ConditionFields(props: FieldsProps): ReactNode {
  const { draft, change } = props;
  const Fields = fieldsOf[draft.source];
  return (
    <>
      <div className="rule-line">
        <Choice
          label="Watch"
          w={210}
          words={sourceWords}
          value={draft.source}
          onChange={(source) => change(withSource(draft, source))}
        />
        {draft.source === 'silence' && (
          <Choice
            label="Of"
            w={160}
            words={silenceWords}
            value={draft.silenceTable}
            onChange={(silenceTable) => change({ silenceTable })}
          />
        )}
        {draft.source === 'vital' && (
          <Choice
            label="Of each site"
            w={160}
            words={vitalWords}
            value={draft.vital}
            onChange={(vital) => change({ vital })}
          />
        )}
      </div>
      {Fields !== undefined && <Fields {...props} />}
      {!withoutLimit.has(draft.source) && <LimitFields {...props} />}
    </>
  );
}
