import { Button, Switch, TagsInput, TextInput } from '@mantine/core';
import { dashboardVariable, type DashboardVariable } from '@sightline/contract';
import { useState, type ReactNode } from 'react';

/** One variable of a dashboard. What cannot be kept is said beside the name and leaves the variable as it was. */
export function VariableFields({
  variable,
  onChange,
}: {
  variable: DashboardVariable;
  onChange: (next: DashboardVariable | undefined) => void;
}): ReactNode {
  const [name, setName] = useState(variable.name);
  const [fault, setFault] = useState('');
  const change = (part: object): void => {
    const read = dashboardVariable.safeParse({ ...variable, ...part });
    setFault(read.success ? '' : (read.error.issues[0]?.message ?? 'not readable'));
    if (read.success) onChange(read.data);
  };
  return (
    <div className="variable-fields" role="group" aria-label={`Variable ${variable.name}`}>
      <div className="field-row">
        <TextInput
          label="Name"
          w={120}
          value={name}
          error={fault === '' ? undefined : fault}
          onChange={(event) => {
            setName(event.currentTarget.value);
            change({ name: event.currentTarget.value });
          }}
        />
        <TextInput
          label="Label"
          w={120}
          value={variable.label}
          maxLength={200}
          onChange={(event) => change({ label: event.currentTarget.value })}
        />
        {variable.type === 'query' && (
          <>
            <TextInput
              label="Values of the label"
              w={130}
              placeholder="instance"
              value={variable.of}
              onChange={(event) => change({ of: event.currentTarget.value })}
            />
            <TextInput
              label="Over the series"
              className="grow"
              placeholder='up{job="node"}'
              value={variable.match}
              onChange={(event) => change({ match: event.currentTarget.value })}
            />
            <TextInput
              label="That match"
              w={120}
              placeholder="regular expression"
              value={variable.regex}
              onChange={(event) => change({ regex: event.currentTarget.value })}
            />
          </>
        )}
        {variable.type === 'custom' && (
          <TagsInput
            size="xs"
            className="grow"
            label="Values"
            value={variable.options.map(({ value }) => value)}
            onChange={(values) =>
              change({
                options: values.map(
                  (value) => variable.options.find((one) => one.value === value) ?? { text: value, value },
                ),
              })
            }
          />
        )}
        {variable.type === 'interval' && (
          <TagsInput
            size="xs"
            className="grow"
            label="Intervals"
            value={variable.options}
            onChange={(options) => change({ options })}
          />
        )}
        {variable.type === 'text' && (
          <TextInput
            label="At first"
            value={variable.initial[0] ?? ''}
            onChange={(event) => change({ initial: [event.currentTarget.value] })}
          />
        )}
      </div>
      <div className="row">
        {'multi' in variable && (
          <>
            <Switch
              size="xs"
              label="Several at once"
              checked={variable.multi}
              onChange={(event) => change({ multi: event.currentTarget.checked })}
            />
            <Switch
              size="xs"
              label="“All” may be chosen"
              checked={variable.all}
              onChange={(event) => change({ all: event.currentTarget.checked })}
            />
          </>
        )}
        <Switch
          size="xs"
          label="Hidden"
          checked={variable.hidden}
          onChange={(event) => change({ hidden: event.currentTarget.checked })}
        />
        <span className="grow" />
        <Button variant="default" size="compact-xs" onClick={() => onChange(undefined)}>
          Remove {variable.name}
        </Button>
      </div>
    </div>
  );
}
