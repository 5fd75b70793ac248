import type { PipelineInput, PipelineStepInput } from '@sightline/contract';

export type StepKind = PipelineStepInput['kind'];

/** What the kinds of steps are called, in the order in which they are offered. */
export const stepNames: Readonly<Record<StepKind, string>> = {
  parse: 'Parse a text',
  rename: 'Rename an attribute',
  set: 'Set an attribute',
  remove: 'Remove an attribute',
  take: 'Take a field from an attribute',
  drop: 'Drop',
  sample: 'Keep a share',
  cap: 'Keep so many a minute',
  route: 'Choose the retention class',
  metric: 'Count into a metric',
};

/** A step as it begins in the form. */
export function freshStep(kind: StepKind): PipelineStepInput {
  switch (kind) {
    case 'parse':
      return { kind, when: '', from: '', format: 'grok', pattern: '', prefix: '' };
    case 'rename':
      return { kind, when: '', from: '', to: '' };
    case 'set':
      return { kind, when: '', attribute: '', value: '' };
    case 'remove':
      return { kind, when: '', attribute: '' };
    case 'take':
      return { kind, when: '', field: 'level', from: '' };
    case 'drop':
      return { kind, when: '' };
    case 'sample':
      return { kind, when: '', share: 0.1, by: '' };
    case 'cap':
      return { kind, when: '', perMinute: 1000, by: '' };
    case 'route':
      return { kind, when: '', retentionClass: 'default' };
    case 'metric':
      return { kind, when: '', metric: '', measure: 'count', of: '', labels: [] };
  }
}

/** What a step cannot do without and has not been told yet, as in "needs a pattern"; undefined where nothing is missing. */
export function missingOf(step: PipelineStepInput): string | undefined {
  const empty = (text: string | undefined): boolean => (text ?? '').trim() === '';
  switch (step.kind) {
    case 'parse':
      return (step.format === 'grok' || step.format === 'regex') && empty(step.pattern) ? 'a pattern' : undefined;
    case 'rename':
      return empty(step.from) || empty(step.to) ? 'both names' : undefined;
    case 'set':
    case 'remove':
      return empty(step.attribute) ? 'an attribute' : undefined;
    case 'take':
      return empty(step.from) ? 'an attribute to take from' : undefined;
    case 'metric':
      return empty(step.metric) ? "the metric's name" : undefined;
    case 'drop':
    case 'sample':
    case 'cap':
    case 'route':
      return undefined;
  }
}

/** What a step does, in a few words. */
export function stepText(step: PipelineStepInput): string {
  return step.when === '' ? actText(step) : `${actText(step)} where ${step.when}`;
}

function actText(step: PipelineStepInput): string {
  const each = (by: string): string => (by === '' ? '' : ` by ${by}`);
  switch (step.kind) {
    case 'parse':
      return `parse ${step.from === '' ? 'body' : step.from} as ${step.format === 'json' ? 'JSON' : step.format}`;
    case 'rename':
      return `${step.from} → ${step.to}`;
    case 'set':
      return `${step.attribute} = ${step.value}`;
    case 'remove':
      return `remove ${step.attribute}`;
    case 'take':
      return `${step.field} from ${step.from}`;
    case 'drop':
      return 'drop';
    case 'sample':
      return `keep ${Number((100 * step.share).toFixed(4))} %${each(step.by)}`;
    case 'cap':
      return `keep ${step.perMinute.toLocaleString('en-US')}/min${each(step.by)}`;
    case 'route':
      return `class ${step.retentionClass}`;
    case 'metric':
      return `${step.measure === 'count' ? 'count' : `${step.measure} of ${step.of}`} → ${step.metric}`;
  }
}

/** A pipeline as the form begins with it: empty, or with an expression to parse what a filter takes. */
export function begunWith(expression: string, filter: string): PipelineInput {
  const id = `pl_${[...crypto.getRandomValues(new Uint8Array(9))].map((n) => n.toString(36).padStart(2, '0')).join('')}`;
  const step: PipelineStepInput =
    expression === ''
      ? freshStep('parse')
      : { kind: 'parse', when: '', from: '', format: 'regex', pattern: expression, prefix: '' };
  return { id, name: '', enabled: true, filter, steps: [step] };
}

/** How an attribute differs between two states of a line. */
export interface Change {
  readonly name: string;
  readonly how: 'added' | 'changed' | 'removed';
  readonly value: string;
}

/** What a pipeline did to a line's attributes, by name. */
export function changesOf(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly Change[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name): Change[] => {
    const [was, is] = [before[name], after[name]];
    if (was === is) return [];
    if (is === undefined) return [{ name, how: 'removed', value: was ?? '' }];
    return [{ name, how: was === undefined ? 'added' : 'changed', value: is }];
  });
}
