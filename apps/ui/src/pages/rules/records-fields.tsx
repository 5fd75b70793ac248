import { NumberInput, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { Choice, type FieldsProps, QueryField } from './condition-parts.tsx';
import type { Measure } from './draft.ts';

const measureWords: Readonly<Record<Measure, string>> = {
  count: 'How many',
  rate: 'How many a minute',
  share: 'What share of others',
  percentile: 'A percentile of a number',
};

/** Which logs, spans or errors, and how they become one number. */
export function RecordsFields({ draft, change, problem }: FieldsProps): ReactNode {
  return (
    <>
      <QueryField
        label="Records that match"
        value={draft.query}
        field="settings.source.query"
        problem={problem}
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Choice
          label="Measure"
          w={210}
          words={measureWords}
          value={draft.measure}
          onChange={(measure) => change({ measure })}
        />
        {draft.measure === 'percentile' && (
          <>
            <NumberInput
              label="Percentile"
              w={100}
              size="xs"
              min={1}
              max={99.9}
              value={draft.percentile}
              onChange={(value) => change({ percentile: Number(value) })}
            />
            <TextInput
              label="Of the field"
              w={160}
              value={draft.field}
              error={problem?.fields['settings.source.field']}
              onChange={(event) => change({ field: event.currentTarget.value })}
            />
          </>
        )}
      </div>
      {draft.measure === 'share' && (
        <QueryField
          label="Of all that match (empty: of all)"
          value={draft.of}
          field="settings.source.of"
          problem={problem}
          onChange={(of) => change({ of })}
        />
      )}
    </>
  );
}
