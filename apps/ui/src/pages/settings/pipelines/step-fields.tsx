import { Autocomplete, Group, NativeSelect, NumberInput, TagsInput, Textarea, TextInput } from '@mantine/core';
import { getRetention, type PipelineStepInput } from '@sightline/contract';
import type { ReactNode } from 'react';
import { useAsk } from '../../../data/ask.ts';

interface FieldsOf<Step> {
  readonly step: Step;
  readonly change: (step: Step) => void;
  readonly faultOf: (field: string) => string | undefined;
}

const formats = [
  { value: 'grok', label: 'Grok' },
  { value: 'regex', label: 'Regular expression' },
  { value: 'json', label: 'JSON' },
  { value: 'logfmt', label: 'logfmt' },
];
const taken = [
  { value: 'level', label: 'Level' },
  { value: 'timestamp', label: 'Time' },
  { value: 'site', label: 'Site' },
  { value: 'service', label: 'Service' },
  { value: 'body', label: 'Body' },
];
const measures = [
  { value: 'count', label: 'Number of logs' },
  { value: 'sum', label: 'Sum of a field' },
  { value: 'distribution', label: 'Distribution of a field' },
];

/** The fields of one step. */
export function StepFields({ step, change, faultOf }: FieldsOf<PipelineStepInput>): ReactNode {
  const text = (
    label: string,
    field: string,
    value: string,
    put: (value: string) => void,
    placeholder = '',
  ): ReactNode => (
    <TextInput
      label={label}
      className="grow"
      maxLength={field === 'when' ? 4000 : 2000}
      placeholder={placeholder}
      value={value}
      error={faultOf(field)}
      onChange={(event) => put(event.currentTarget.value)}
    />
  );
  return (
    <div className="line-form">
      {ownFields(step, change, faultOf, text)}
      {text('Only where', 'when', step.when, (when) => change({ ...step, when }), 'every log of the pipeline')}
    </div>
  );
}

type TextField = (
  label: string,
  field: string,
  value: string,
  put: (value: string) => void,
  placeholder?: string,
) => ReactNode;

function ownFields(
  step: PipelineStepInput,
  change: (step: PipelineStepInput) => void,
  faultOf: (field: string) => string | undefined,
  text: TextField,
): ReactNode {
  switch (step.kind) {
    case 'parse':
      return <ParseFields step={step} change={change} faultOf={faultOf} text={text} />;
    case 'rename':
      return (
        <>
          {text('Attribute', 'from', step.from, (from) => change({ ...step, from }))}
          {text('Its new name', 'to', step.to, (to) => change({ ...step, to }))}
        </>
      );
    case 'set':
      return (
        <>
          {text('Attribute', 'attribute', step.attribute, (attribute) => change({ ...step, attribute }))}
          {text('Value', 'value', step.value, (value) => change({ ...step, value }))}
        </>
      );
    case 'remove':
      return text('Attribute', 'attribute', step.attribute, (attribute) => change({ ...step, attribute }));
    case 'take':
      return (
        <>
          <NativeSelect
            size="xs"
            label="Field"
            data={taken}
            value={step.field}
            onChange={(event) => change({ ...step, field: event.currentTarget.value as typeof step.field })}
          />
          {text('From', 'from', step.from, (from) => change({ ...step, from }), 'attribute')}
        </>
      );
    case 'drop':
      return null;
    case 'sample':
      return (
        <>
          <NumberInput
            size="xs"
            label="Keep, %"
            w={120}
            min={0}
            max={100}
            decimalScale={4}
            value={Number((100 * step.share).toFixed(4))}
            error={faultOf('share')}
            onChange={(percent) => change({ ...step, share: Number(percent) / 100 })}
          />
          {text('Together by', 'by', step.by, (by) => change({ ...step, by }), 'each log by itself')}
          <p className="muted step-note">Errors are always kept.</p>
        </>
      );
    case 'cap':
      return (
        <>
          <NumberInput
            size="xs"
            label="Logs a minute"
            w={140}
            min={1}
            max={10_000_000}
            value={step.perMinute}
            error={faultOf('perMinute')}
            onChange={(n) => change({ ...step, perMinute: Math.max(1, Math.round(Number(n))) })}
          />
          {text('For each', 'by', step.by, (by) => change({ ...step, by }), 'all together')}
          <p className="muted step-note">Errors are always kept, and not counted.</p>
        </>
      );
    case 'route':
      return <RouteFields step={step} change={change} faultOf={faultOf} />;
    case 'metric':
      return (
        <>
          {text('Metric', 'metric', step.metric, (metric) => change({ ...step, metric }), 'http.requests')}
          <NativeSelect
            size="xs"
            label="What"
            data={measures}
            value={step.measure}
            onChange={(event) => change({ ...step, measure: event.currentTarget.value as typeof step.measure })}
          />
          {step.measure !== 'count' && text('Field', 'of', step.of, (of) => change({ ...step, of }), 'duration_ms')}
          <TagsInput
            size="xs"
            label="Labels"
            className="grow"
            placeholder={step.labels.length === 0 ? 'service, Enter' : ''}
            maxTags={8}
            value={step.labels}
            error={faultOf('labels')}
            onChange={(labels) => change({ ...step, labels })}
          />
        </>
      );
  }
}

function ParseFields(
  props: FieldsOf<Extract<PipelineStepInput, { kind: 'parse' }>> & { readonly text: TextField },
): ReactNode {
  const { step, change, faultOf, text } = props;
  const patterned = step.format === 'grok' || step.format === 'regex';
  return (
    <>
      <Group gap={12} align="flex-end" className="grow-all">
        <NativeSelect
          size="xs"
          label="As"
          data={formats}
          value={step.format}
          onChange={(event) => change({ ...step, format: event.currentTarget.value as typeof step.format })}
        />
        {text('Of', 'from', step.from, (from) => change({ ...step, from }), 'body')}
        {text('Prefix', 'prefix', step.prefix, (prefix) => change({ ...step, prefix }), 'none')}
      </Group>
      {patterned && (
        <Textarea
          label="Pattern"
          className="grow-all pattern"
          autosize
          minRows={1}
          maxRows={6}
          maxLength={2000}
          placeholder={step.format === 'grok' ? '%{NGINXACCESS}' : 'took (?<duration_ms>\\d+)ms'}
          value={step.pattern}
          error={faultOf('pattern')}
          onChange={(event) => change({ ...step, pattern: event.currentTarget.value })}
        />
      )}
    </>
  );
}

/** The class by name, offered from those that there are: a name that is none would count for nothing, unseen. */
function RouteFields({ step, change, faultOf }: FieldsOf<Extract<PipelineStepInput, { kind: 'route' }>>): ReactNode {
  const classes = useAsk(getRetention).data?.classes.map(({ name }) => name);
  const unknown = classes !== undefined && !classes.includes(step.retentionClass);
  return (
    <>
      <Autocomplete
        label="Retention class"
        className="grow"
        data={classes ?? []}
        value={step.retentionClass}
        error={faultOf('retentionClass')}
        onChange={(retentionClass) => change({ ...step, retentionClass })}
      />
      {unknown && (
        <p role="status" className="warn-text step-note">
          {step.retentionClass === '' ? 'Choose a class' : `No class is called ${step.retentionClass}`}: until there is
          one, logs have the class whose query takes them.
        </p>
      )}
    </>
  );
}
