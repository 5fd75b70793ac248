import { NumberInput, Select } from '@mantine/core';
import type { ReactNode } from 'react';
import { ProblemError } from '../../data/call.ts';
import { useScope } from '../../data/scope.ts';
import { QueryLine } from '../../search/query-line.tsx';
import type { Draft } from './draft.ts';
import { durations } from './durations.ts';

export interface FieldsProps {
  readonly draft: Draft;
  readonly change: (part: Partial<Draft>) => void;
  readonly problem: ProblemError | null;
}

/** One of a few, in words, in the order in which the words are given. */
export function Choice<T extends string>(props: {
  readonly label: string;
  readonly w: number;
  readonly words: Readonly<Record<T, string>>;
  readonly value: T;
  readonly onChange: (value: T) => void;
}): ReactNode {
  const { label, w, words, value, onChange } = props;
  return (
    <Select
      label={label}
      w={w}
      data={(Object.keys(words) as T[]).map((one) => ({ value: one, label: words[one] }))}
      value={value}
      allowDeselect={false}
      onChange={(chosen) => onChange(chosen ?? value)}
    />
  );
}

/** A duration in milliseconds: one of the usual, or that which is set. */
export function DurationChoice(props: {
  readonly label: string;
  readonly w: number;
  readonly valueMs: number;
  readonly usualMs: readonly number[];
  readonly error?: string | undefined;
  readonly onChange: (valueMs: number) => void;
}): ReactNode {
  return (
    <Select
      label={props.label}
      w={props.w}
      data={durations(props.valueMs, props.usualMs)}
      value={String(props.valueMs)}
      allowDeselect={false}
      error={props.error}
      onChange={(value) => props.onChange(Number(value))}
    />
  );
}

/** A whole number between bounds; what is typed beyond them becomes the bound. */
export function WholeNumber(props: {
  readonly label: string;
  readonly w: number;
  readonly value: number;
  readonly min: number;
  readonly max?: number;
  readonly onChange: (value: number) => void;
}): ReactNode {
  const { label, w, value, min, max = Number.MAX_SAFE_INTEGER, onChange } = props;
  return (
    <NumberInput
      label={label}
      w={w}
      size="xs"
      min={min}
      max={max}
      value={value}
      onChange={(typed) => onChange(Math.min(max, Math.max(min, Math.round(Number(typed)))))}
    />
  );
}

/** A query line inside a form: what stands in it counts when the person leaves it, not only after Enter. */
export function QueryField(props: {
  readonly label: string;
  readonly value: string;
  /** The path of what the server says of it. */
  readonly field: string;
  readonly problem: ProblemError | null;
  readonly onChange: (query: string) => void;
}): ReactNode {
  const { label, value, field, problem, onChange } = props;
  const { query: scope } = useScope();
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
        problem={faultOf(problem, field)}
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
