import { NumberInput, TagsInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { Choice, DurationChoice, type FieldsProps, WholeNumber } from './condition-parts.tsx';
import { hasSample, isShare, type Operator, unitOf } from './draft.ts';

const operatorWords: Readonly<Record<Operator, string>> = {
  '>': 'above',
  '>=': 'at or above',
  '<': 'below',
  '<=': 'at or below',
};
const commonLabels = ['site', 'service', 'environment', 'device', 'release'];

/** When a number is wrong, in which time, for each of what, and from how many records on it says anything. */
export function LimitFields(props: FieldsProps): ReactNode {
  const { draft, change, problem } = props;
  return (
    <>
      <div className="rule-line">
        <Choice
          label="Wrong when it is"
          w={130}
          words={operatorWords}
          value={draft.operator}
          onChange={(operator) => change({ operator })}
        />
        <NumberInput
          label="Limit"
          w={130}
          size="xs"
          suffix={unitOf(draft) === '' ? '' : ` ${unitOf(draft)}`}
          value={draft.threshold}
          error={problem?.fields['settings.threshold']}
          onChange={(value) => change({ threshold: Number(value) })}
        />
        {draft.source !== 'vital' && (
          <>
            <DurationChoice
              label="In"
              w={110}
              valueMs={draft.windowMs}
              usualMs={[60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000]}
              onChange={(windowMs) => change({ windowMs })}
            />
            <TagsInput
              className="grow"
              size="xs"
              label="For each"
              placeholder={draft.by.length === 0 ? 'all together' : ''}
              data={commonLabels}
              maxTags={5}
              value={[...draft.by]}
              error={problem?.fields['settings.by']}
              onChange={(by) => change({ by })}
            />
          </>
        )}
      </div>
      {hasSample(draft) && <SampleFields {...props} />}
    </>
  );
}

function SampleFields({ draft, change }: FieldsProps): ReactNode {
  const share = isShare(draft);
  return (
    <div className="rule-line">
      <WholeNumber
        label={share ? 'Only judged from (in all)' : 'Only judged from (records)'}
        w={210}
        min={0}
        value={draft.leastSample}
        onChange={(leastSample) => change({ leastSample })}
      />
      {share && (
        <WholeNumber
          label="and from (hits)"
          w={210}
          min={0}
          value={draft.leastHits}
          onChange={(leastHits) => change({ leastHits })}
        />
      )}
    </div>
  );
}
