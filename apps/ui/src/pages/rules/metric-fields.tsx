import { TagsInput, TextInput } from '@mantine/core';
import { listMetrics } from '@sightline/contract';
import type { ReactNode } from 'react';
import { useAsk } from '../../data/ask.ts';
import { useScope } from '../../data/scope.ts';
import { Choice, type FieldsProps } from './condition-parts.tsx';
import type { MetricAggregate } from './draft.ts';
import { unreadParts } from './label-pairs.ts';

const aggregateWords: Readonly<Record<MetricAggregate, string>> = {
  avg: 'mean',
  min: 'least',
  max: 'greatest',
  sum: 'sum over series',
  rate: 'growth a minute',
  increase: 'growth',
  share: 'share of growth',
};

/** Which series of which metrics, and how they become one number. */
export function MetricFields({ draft, change, problem }: FieldsProps): ReactNode {
  const { query: scope } = useScope();
  const known = useAsk(listMetrics, { query: scope });
  const names = (known.data?.metrics ?? []).map(({ metric }) => metric);
  return (
    <>
      <TagsInput
        size="xs"
        label="Metrics (names of one quantity)"
        placeholder={draft.metrics.length === 0 ? 'payment.attempts' : ''}
        data={names.slice(0, 500)}
        maxTags={10}
        limit={30}
        value={[...draft.metrics]}
        error={problem?.fields['settings.source.metrics']}
        onChange={(metrics) => change({ metrics })}
      />
      <div className="rule-line">
        <Choice
          label="Measure"
          w={170}
          words={aggregateWords}
          value={draft.aggregate}
          onChange={(aggregate) => change({ aggregate })}
        />
        <Where label="Of series with" value={draft.where} onChange={(where) => change({ where })} />
        {draft.aggregate === 'share' && (
          <Where
            label="Among series with (empty: all)"
            value={draft.ofWhere}
            onChange={(ofWhere) => change({ ofWhere })}
          />
        )}
      </div>
    </>
  );
}

function Where({
  label,
  value,
  onChange,
}: {
  label: string;
  value: string;
  onChange: (text: string) => void;
}): ReactNode {
  const unread = unreadParts(value);
  return (
    <TextInput
      className="grow"
      label={label}
      placeholder="outcome=failure, method=card"
      value={value}
      error={unread.length > 0 ? `expected label=value, got ${unread[0] ?? ''}` : undefined}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
