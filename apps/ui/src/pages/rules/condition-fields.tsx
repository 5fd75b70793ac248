import { NumberInput, Select, TagsInput, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { ProblemError } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { QueryLine } from '../../search/query-line.tsx';
import {
  hasSample,
  issueNews,
  isShare,
  measures,
  operators,
  patternLevels,
  silenceTables,
  sources,
  unitOf,
  vitals,
  type Draft,
  type IssueNews,
  type Measure,
  type Operator,
  type PatternLevel,
  type SilenceTable,
  type Source,
  type Vital,
} from './draft.ts';
import { durations } from './durations.ts';
import { MetricFields } from './metric-fields.tsx';

export interface FieldsProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly problem: ProblemError | null;
}

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
const measureWords: Readonly<Record<Measure, string>> = {
  count: 'How many',
  rate: 'How many a minute',
  share: 'What share of others',
  percentile: 'A percentile of a number',
};
const operatorWords: Readonly<Record<Operator, string>> = {
  '>': 'above',
  '>=': 'at or above',
  '<': 'below',
  '<=': 'at or below',
};
const vitalWords: Readonly<Record<Vital, string>> = { cpu: 'CPU', memory: 'Memory', disk: 'Disk', queue: 'Queue' };
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
const silenceWords: Readonly<Record<SilenceTable, string>> = {
  any: 'Any signal',
  logs: 'Logs',
  spans: 'Traces (spans)',
  errors: 'Errors',
};
const commonLabels = ['site', 'service', 'environment', 'device', 'release'];
const silenceLabels = ['site', 'service', 'environment'];

/** Sources that are no number with a limit. */
const withoutLimit: ReadonlySet<Source> = new Set(['silence', 'issues', 'pattern', 'feedback']);

const choices = <T extends string>(all: readonly T[], words: Readonly<Record<T, string>>) =>
  all.map((value) => ({ value, label: words[value] }));

/** What is watched, and when it is wrong. */
export function ConditionFields(props: FieldsProps): ReactNode {
  const { draft, change } = props;
  return (
    <>
      <div className="rule-line">
        <Select
          label="Watch"
          w={210}
          data={choices(sources, sourceWords)}
          value={draft.source}
          allowDeselect={false}
          onChange={(value) => change({ source: value ?? 'logs' })}
        />
        {draft.source === 'silence' && (
          <Select
            label="Of"
            w={160}
            data={choices(silenceTables, silenceWords)}
            value={draft.silenceTable}
            allowDeselect={false}
            onChange={(value) => change({ silenceTable: value ?? 'any' })}
          />
        )}
        {draft.source === 'vital' && (
          <Select
            label="Of each site"
            w={160}
            data={choices(vitals, vitalWords)}
            value={draft.vital}
            allowDeselect={false}
            onChange={(value) => change({ vital: value ?? 'cpu' })}
          />
        )}
      </div>
      {draft.source === 'metric' && <MetricFields {...props} />}
      {(draft.source === 'logs' || draft.source === 'spans' || draft.source === 'errors') && (
        <RecordsFields {...props} />
      )}
      {draft.source === 'silence' && <SilenceFields {...props} />}
      {draft.source === 'issues' && <IssuesFields {...props} />}
      {draft.source === 'pattern' && <PatternFields {...props} />}
      {draft.source === 'feedback' && <FeedbackFields {...props} />}
      {!withoutLimit.has(draft.source) && <LimitFields {...props} />}
    </>
  );
}

function RecordsFields(props: FieldsProps): ReactNode {
  const { draft, change, problem } = props;
  return (
    <>
      <QueryField
        {...props}
        label="Records that match"
        value={draft.query}
        field="settings.source.query"
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Select
          label="Measure"
          w={210}
          data={choices(measures, measureWords)}
          value={draft.measure}
          allowDeselect={false}
          onChange={(value) => change({ measure: value ?? 'count' })}
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
          {...props}
          label="Of all that match (empty: of all)"
          value={draft.of}
          field="settings.source.of"
          onChange={(of) => change({ of })}
        />
      )}
    </>
  );
}

/** A query line inside a form: what stands in it counts when the person leaves it, not only after Enter. */
function QueryField({
  label,
  value,
  field,
  onChange,
  problem,
}: FieldsProps & { label: string; value: string; field: string; onChange: (query: string) => void }): ReactNode {
  const { query: scope } = useScope();
  const fault = faultOf(problem, field);
  return (
    <div
      className="rule-query"
      onBlur={(event) => {
        const left = event.target;
        if (left instanceof HTMLInputElement && left.value.trim() !== value) onChange(left.value.trim());
      }}
    >
      <span className="rule-label">{label}</span>
      <QueryLine
        value={value}
        onSubmit={onChange}
        label={label}
        placeholder="severity:>=error service:payment"
        scope={scope}
        problem={fault}
      />
    </div>
  );
}

/** The fault of one search among the form's faults; the place in the text is that of the first. */
function faultOf(problem: ProblemError | null, field: string): ProblemError | null {
  const detail = problem?.fields[field];
  if (problem === null || detail === undefined) return null;
  const first = Object.keys(problem.fields)[0] === field;
  return new ProblemError('refused', { detail, ...(first && problem.position ? { position: problem.position } : {}) });
}

function LimitFields({ draft, change, problem }: FieldsProps): ReactNode {
  const share = isShare(draft);
  return (
    <>
      <div className="rule-line">
        <Select
          label="Wrong when it is"
          w={130}
          data={choices(operators, operatorWords)}
          value={draft.operator}
          allowDeselect={false}
          onChange={(value) => change({ operator: value ?? '>' })}
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
          <Select
            label="In"
            w={110}
            data={durations(
              draft.windowMs,
              [60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000],
            )}
            value={String(draft.windowMs)}
            allowDeselect={false}
            onChange={(value) => change({ windowMs: Number(value) })}
          />
        )}
        {draft.source !== 'vital' && (
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
        )}
      </div>
      {hasSample(draft) && (
        <div className="rule-line">
          <NumberInput
            label={share ? 'Only judged from (in all)' : 'Only judged from (records)'}
            w={210}
            size="xs"
            min={0}
            value={draft.leastSample}
            onChange={(value) => change({ leastSample: Math.round(Number(value)) })}
          />
          {share && (
            <NumberInput
              label="and from (hits)"
              w={210}
              size="xs"
              min={0}
              value={draft.leastHits}
              onChange={(value) => change({ leastHits: Math.round(Number(value)) })}
            />
          )}
        </div>
      )}
    </>
  );
}

function IssuesFields(props: FieldsProps): ReactNode {
  const { draft, change } = props;
  return (
    <>
      <QueryField
        {...props}
        label="Issues that match"
        value={draft.query}
        field="settings.query"
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Select
          label="Tell when one"
          w={210}
          data={choices(issueNews, newsWords)}
          value={draft.what}
          allowDeselect={false}
          onChange={(value) => change({ what: value ?? 'new' })}
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
        <NumberInput
          label="With at least (events)"
          w={150}
          size="xs"
          min={1}
          value={draft.least}
          onChange={(value) => change({ least: Math.max(1, Math.round(Number(value))) })}
        />
        <Select
          label="Within"
          w={150}
          data={durations(draft.windowMs, [60_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000])}
          value={String(draft.windowMs)}
          allowDeselect={false}
          onChange={(value) => change({ windowMs: Number(value) })}
        />
      </div>
    </>
  );
}

function PatternFields(props: FieldsProps): ReactNode {
  const { draft, change } = props;
  return (
    <>
      <QueryField
        {...props}
        label="Lines that match (empty: all)"
        value={draft.query}
        field="settings.query"
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Select
          label="Level"
          w={160}
          data={choices(patternLevels, levelWords)}
          value={draft.level}
          allowDeselect={false}
          onChange={(value) => change({ level: value ?? '' })}
        />
        <NumberInput
          label="New when not seen for (days)"
          w={190}
          size="xs"
          min={1}
          max={30}
          value={draft.days}
          onChange={(value) => change({ days: Math.min(30, Math.max(1, Math.round(Number(value)))) })}
        />
        <NumberInput
          label="With at least (lines)"
          w={150}
          size="xs"
          min={1}
          value={draft.least}
          onChange={(value) => change({ least: Math.max(1, Math.round(Number(value))) })}
        />
        <Select
          label="Within"
          w={150}
          data={durations(Math.min(draft.windowMs, 3_600_000), [60_000, 300_000, 600_000, 1_800_000, 3_600_000])}
          value={String(Math.min(draft.windowMs, 3_600_000))}
          allowDeselect={false}
          onChange={(value) => change({ windowMs: Number(value) })}
        />
      </div>
      <p className="muted">
        What is there when the rule begins is known. Of each kind of line its first occurrence is told, with the sites
        it came from.
      </p>
    </>
  );
}

function FeedbackFields({ draft, change, problem }: FieldsProps): ReactNode {
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
        <Select
          label="Told for"
          w={150}
          data={durations(draft.windowMs, [600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000])}
          value={String(draft.windowMs)}
          allowDeselect={false}
          onChange={(value) => change({ windowMs: Number(value) })}
        />
      </div>
      <p className="muted">
        Every message is told by itself, until that time is over or somebody resolves it or marks it as spam.
      </p>
    </>
  );
}

function SilenceFields(props: FieldsProps): ReactNode {
  const { draft, change, problem } = props;
  return (
    <>
      <QueryField
        {...props}
        label={draft.silenceTable === 'any' ? 'Only (site:, service:, environment:)' : 'Records that match'}
        value={draft.query}
        field="settings.query"
        onChange={(query) => change({ query })}
      />
      <div className="rule-line">
        <Select
          label="Wrong when silent for"
          w={150}
          data={durations(
            draft.silentMs,
            [60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000, 21_600_000, 86_400_000],
          )}
          value={String(draft.silentMs)}
          allowDeselect={false}
          onChange={(value) => change({ silentMs: Number(value) })}
        />
        <Select
          label="And heard within"
          w={150}
          data={durations(draft.lookbackMs, [3_600_000, 21_600_000, 86_400_000, 604_800_000])}
          value={String(draft.lookbackMs)}
          allowDeselect={false}
          error={problem?.fields['settings.lookbackMs']}
          onChange={(value) => change({ lookbackMs: Number(value) })}
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
