import { NumberInput, TagsInput, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { Choice, DurationChoice, type FieldsProps, QueryField, WholeNumber } from './condition-parts.tsx';
import type { IssueNews, PatternLevel } from './draft.ts';

const newsWords: Readonly<Record<IssueNews, string>> = {
  new: 'is seen for the first time',
  regressed: 'comes back after it was resolved',
  spiking: 'comes far more often than usual',
};
const levelWords: Readonly<Record<PatternLevel, string>> = {
  '': 'every line',
  debug: 'debug and above',
  info: 'info and above',
  warn: 'warn and above',
  error: 'error and above',
  fatal: 'fatal',
};
const silenceLabels = ['site', 'service', 'environment'];
/** The longest time in which the lines of a new pattern are counted. */
const patternWindowMs = 3_600_000;

/** Issues that are new, come back, or come more often. */
export function IssuesFields({ draft, change, problem }: FieldsProps): ReactNode {
  return (
    <>
      <QueryField
        label="Issues that match"
        value={draft.query}
        field="settings.query"
        problem={problem}
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Choice
          label="Tell when one"
          w={210}
          words={newsWords}
          value={draft.what}
          onChange={(what) => change({ what })}
        />
        {draft.what === 'spiking' && (
          <NumberInput
            label="Times its usual events"
            w={150}
            size="xs"
            min={1}
            max={1000}
            value={draft.times}
            onChange={(value) => change({ times: Number(value) || 5 })}
          />
        )}
        <WholeNumber
          label="With at least (events)"
          w={150}
          min={1}
          value={draft.least}
          onChange={(least) => change({ least })}
        />
        <DurationChoice
          label="Within"
          w={150}
          valueMs={draft.windowMs}
          usualMs={[60_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000]}
          onChange={(windowMs) => change({ windowMs })}
        />
      </div>
    </>
  );
}

/** Lines of a kind that was not seen for days. */
export function PatternFields({ draft, change, problem }: FieldsProps): ReactNode {
  return (
    <>
      <QueryField
        label="Lines that match (empty: all)"
        value={draft.query}
        field="settings.query"
        problem={problem}
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Choice label="Level" w={160} words={levelWords} value={draft.level} onChange={(level) => change({ level })} />
        <WholeNumber
          label="New when not seen for (days)"
          w={190}
          min={1}
          max={30}
          value={draft.days}
          onChange={(days) => change({ days })}
        />
        <WholeNumber
          label="With at least (lines)"
          w={150}
          min={1}
          value={draft.least}
          onChange={(least) => change({ least })}
        />
        <DurationChoice
          label="Within"
          w={150}
          valueMs={Math.min(draft.windowMs, patternWindowMs)}
          usualMs={[60_000, 300_000, 600_000, 1_800_000, patternWindowMs]}
          onChange={(windowMs) => change({ windowMs })}
        />
      </div>
      <p className="muted">
        What is there when the rule begins is known. Of each kind of line its first occurrence is told, with the sites
        it came from.
      </p>
    </>
  );
}

/** What people wrote. */
export function FeedbackFields({ draft, change, problem }: FieldsProps): ReactNode {
  return (
    <>
      <div className="rule-line">
        <TextInput
          label="With these words (empty: all)"
          w={260}
          maxLength={200}
          placeholder="printer"
          value={draft.query}
          error={problem?.fields['settings.words']}
          onChange={(event) => change({ query: event.currentTarget.value })}
        />
        <TextInput
          label="Only where (site, service, environment)"
          w={300}
          placeholder="site=STORE_012, service=till"
          value={draft.where}
          error={problem?.fields['settings.where']}
          onChange={(event) => change({ where: event.currentTarget.value })}
        />
        <DurationChoice
          label="Told for"
          w={150}
          valueMs={draft.windowMs}
          usualMs={[600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000]}
          onChange={(windowMs) => change({ windowMs })}
        />
      </div>
      <p className="muted">
        Every message is told by itself, until that time is over or somebody resolves it or marks it as spam.
      </p>
    </>
  );
}

/** What sent before and sends no longer. */
export function SilenceFields({ draft, change, problem }: FieldsProps): ReactNode {
  return (
    <>
      <QueryField
        label={draft.silenceTable === 'any' ? 'Only (site:, service:, environment:)' : 'Records that match'}
        value={draft.query}
        field="settings.query"
        problem={problem}
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <DurationChoice
          label="Wrong when silent for"
          w={150}
          valueMs={draft.silentMs}
          usualMs={[60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000]}
          onChange={(silentMs) => change({ silentMs })}
        />
        <DurationChoice
          label="And heard within"
          w={150}
          valueMs={draft.lookbackMs}
          usualMs={[3_600_000, 21_600_000, 86_400_000, 604_800_000]}
          error={problem?.fields['settings.lookbackMs']}
          onChange={(lookbackMs) => change({ lookbackMs })}
        />
        <TagsInput
          className="grow"
          size="xs"
          label="For each"
          data={silenceLabels}
          maxTags={3}
          value={draft.by.filter((label) => silenceLabels.includes(label))}
          error={problem?.fields['settings.by']}
          onChange={(by) => change({ by: by.filter((label) => silenceLabels.includes(label)) })}
        />
      </div>
    </>
  );
}
