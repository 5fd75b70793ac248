import { MultiSelect, Select, TextInput } from '@mantine/core';
import type { DashboardVariable } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { allValue, type Choice } from './variable-address.ts';

interface BarProps {
  readonly choices: readonly Choice[];
  readonly choose: (variable: DashboardVariable, values: readonly string[]) => void;
}

/** What may be chosen on a dashboard; each stands in the address. */
export function VariableBar({ choices, choose }: BarProps): ReactNode {
  const shown = choices.filter(({ variable }) => !variable.hidden);
  if (shown.length === 0) return null;
  return (
    <div className="variable-bar" role="group" aria-label="Variables">
      {shown.map((choice) => (
        <Picker key={choice.variable.name} choice={choice} choose={choose} />
      ))}
    </div>
  );
}

function Picker({ choice, choose }: { choice: Choice; choose: BarProps['choose'] }): ReactNode {
  const { variable, options, chosen, fault } = choice;
  const label = variable.label || variable.name;
  const all = 'all' in variable && variable.all;
  const known = new Map(options.map(({ text, value }) => [value, text]));
  const data = [
    ...(all ? [{ value: allValue, label: 'All' }] : []),
    ...[...known].map(([value, text]) => ({ value, label: text || '(empty)' })),
    ...chosen.filter((value) => value !== allValue && !known.has(value)).map((value) => ({ value, label: value })),
  ];
  const common = {
    label,
    size: 'xs',
    searchable: true,
    limit: 200,
    nothingFoundMessage: 'Nothing of that name',
    ...(fault === '' ? {} : { error: fault }),
  } as const;
  if (variable.type === 'text')
    return (
      <TextPicker key={chosen[0]} label={label} first={chosen[0] ?? ''} onPick={(text) => choose(variable, [text])} />
    );
  if ('multi' in variable && variable.multi) {
    return (
      <MultiSelect
        {...common}
        data={data}
        miw={150}
        maw={360}
        value={[...chosen]}
        clearable={all}
        onChange={(values) => {
          // "All" and single values exclude each other: what was chosen last is meant.
          const last = values.at(-1);
          if (last === undefined || last === allValue) choose(variable, all ? [allValue] : chosen);
          else
            choose(
              variable,
              values.filter((value) => value !== allValue),
            );
        }}
      />
    );
  }
  return (
    <Select
      {...common}
      data={data}
      w={170}
      value={chosen[0] ?? null}
      allowDeselect={false}
      placeholder={options.length === 0 ? 'nothing found' : ''}
      onChange={(value) => value !== null && choose(variable, [value])}
    />
  );
}

function TextPicker({
  label,
  first,
  onPick,
}: {
  label: string;
  first: string;
  onPick: (text: string) => void;
}): ReactNode {
  const [text, setText] = useState(first);
  return (
    <TextInput
      label={label}
      w={170}
      value={text}
      maxLength={500}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => text !== first && onPick(text)}
      onKeyDown={(event) => event.key === 'Enter' && onPick(text)}
    />
  );
}
