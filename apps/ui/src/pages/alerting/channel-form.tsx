import { ActionIcon, Button, NumberInput, Select, Switch, TagsInput, TextInput } from '@mantine/core';
import { PasswordField } from '../../components/password-field.tsx';
import { notifications } from '@mantine/notifications';
import {
  createChannel,
  listChannels,
  listPolicies,
  updateChannel,
  type AlertChannel,
  type ChannelType,
  type SettingField,
} from '@sightline/contract';
import { IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { FormProblem } from '../../components/form-problem.tsx';
import { useAct } from '../../data/ask.ts';

type Values = Readonly<Record<string, unknown>>;

function initial(type: ChannelType, channel: AlertChannel | undefined): Values {
  const empty = { text: '', number: '', choice: null, switch: false, list: [], record: {} } as const;
  return Object.fromEntries(
    type.fields.map((field) => [field.name, channel?.settings?.[field.name] ?? field.default ?? empty[field.kind]]),
  );
}

/** A channel's form, drawn from what its kind says of its settings. */
export function ChannelForm(props: {
  channel: AlertChannel | undefined;
  type: ChannelType;
  keptSecret: string;
  onSaved: (id: string) => void;
}): ReactNode {
  const { channel, type, keptSecret, onSaved } = props;
  const creating = useAct(createChannel, [listChannels, listPolicies]);
  const changing = useAct(updateChannel, [listChannels, listPolicies]);
  const [name, setName] = useState(channel?.name ?? '');
  const [values, setValues] = useState<Values>(() => initial(type, channel));
  const problem = creating.error ?? changing.error;

  function save(): void {
    const settings = Object.fromEntries(
      Object.entries(values).filter(([, value]) => value !== '' && value !== null && value !== undefined),
    );
    const said = (saved: AlertChannel): void => {
      notifications.show({ message: `${saved.name} is saved.` });
      onSaved(saved.id);
    };
    if (channel === undefined) {
      creating.mutate({ body: { name: name.trim(), type: type.name, settings } }, { onSuccess: said });
    } else {
      changing.mutate({ params: { id: channel.id }, body: { name: name.trim(), settings } }, { onSuccess: said });
    }
  }

  return (
    <form
      className="stack"
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <p className="muted">{type.description}</p>
      <TextInput
        label="Name"
        placeholder={type.name === 'slack' ? '#pos-alerts' : 'What people call it'}
        required
        maxLength={100}
        value={name}
        error={problem?.fields['name']}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {type.fields.map((field) => (
        <Field
          key={field.name}
          field={field}
          value={values[field.name]}
          keptSecret={keptSecret}
          error={problem?.fields[`settings.${field.name}`]}
          put={(value) => setValues((old) => ({ ...old, [field.name]: value }))}
        />
      ))}
      <FormProblem problem={problem} known={['name', ...type.fields.map((field) => `settings.${field.name}`)]} />
      <div>
        <Button type="submit" loading={creating.isPending || changing.isPending}>
          {channel === undefined ? 'Add the channel' : 'Save'}
        </Button>
      </div>
    </form>
  );
}

const narrow = { wrapper: { maxWidth: 200 } } as const;

interface FieldProps {
  readonly field: SettingField;
  readonly value: unknown;
  readonly keptSecret: string;
  readonly error: string | undefined;
  readonly put: (value: unknown) => void;
}

function Field({ field, value, keptSecret, error, put }: FieldProps): ReactNode {
  const shared = {
    label: field.title,
    description: field.description,
    placeholder: field.placeholder,
    required: field.required,
    error,
  };
  switch (field.kind) {
    case 'number':
      return (
        <NumberInput
          {...shared}
          size="xs"
          styles={narrow}
          value={typeof value === 'number' ? value : ''}
          onChange={(next) => put(next)}
        />
      );
    case 'choice':
      return (
        <Select
          {...shared}
          styles={narrow}
          data={field.choices}
          value={typeof value === 'string' ? value : null}
          allowDeselect={false}
          onChange={put}
        />
      );
    case 'switch':
      return (
        <Switch
          label={field.title}
          description={field.description}
          checked={value === true}
          onChange={(event) => put(event.currentTarget.checked)}
        />
      );
    case 'list':
      return (
        <TagsInput
          {...shared}
          size="xs"
          placeholder={textList(value).length === 0 ? field.placeholder : ''}
          value={textList(value)}
          splitChars={[',', ' ', ';']}
          onChange={put}
        />
      );
    case 'record':
      return <RecordField field={field} value={value} keptSecret={keptSecret} error={error} put={put} />;
    case 'text': {
      const text = typeof value === 'string' ? value : '';
      if (!field.secret) {
        return <TextInput {...shared} value={text} onChange={(event) => put(event.currentTarget.value)} />;
      }
      return <SecretField field={field} value={text} keptSecret={keptSecret} error={error} put={put} />;
    }
  }
}

/** What is kept is never shown: an untouched field leaves it as it is, typing replaces it, "Forget it" removes it. */
function SecretField({ field, value, keptSecret, error, put }: FieldProps & { readonly value: string }): ReactNode {
  const [kept] = useState(value === keptSecret);
  const untouched = kept && value === keptSecret;
  return (
    <div>
      <PasswordField
        label={field.title}
        description={field.description}
        placeholder={untouched ? 'kept as it is; type to replace it' : field.placeholder}
        required={field.required && !untouched}
        error={error}
        autoComplete="new-password"
        value={untouched ? '' : value}
        onChange={(event) => {
          const text = event.currentTarget.value;
          put(text === '' && kept && field.required ? keptSecret : text);
        }}
      />
      {kept && !field.required && (
        <button type="button" className="plain-button" onClick={() => put(untouched ? '' : keptSecret)}>
          {untouched ? `Forget the ${field.title.toLowerCase()}` : 'Keep the one there is'}
        </button>
      )}
    </div>
  );
}

interface Entry {
  readonly key: number;
  readonly name: string;
  readonly value: string;
}
let lastKey = 0;

function RecordField({ field, value, keptSecret, error, put }: FieldProps): ReactNode {
  const [entries, setEntries] = useState<readonly Entry[]>(() =>
    Object.entries((value ?? {}) as Record<string, unknown>).map(([name, one]) => ({
      key: ++lastKey,
      name,
      value: typeof one === 'string' ? one : '',
    })),
  );
  function change(next: readonly Entry[]): void {
    setEntries(next);
    put(Object.fromEntries(next.filter(({ name }) => name.trim() !== '').map((one) => [one.name.trim(), one.value])));
  }
  const set = (key: number, part: Partial<Entry>): void =>
    change(entries.map((one) => (one.key === key ? { ...one, ...part } : one)));
  return (
    <fieldset className="record-field">
      <legend>{field.title}</legend>
      {field.description !== undefined && <p className="muted">{field.description}</p>}
      {entries.map((entry, at) => (
        <div key={entry.key} className="row">
          <TextInput
            aria-label={`Name of entry ${at + 1} of ${field.title}`}
            placeholder="Name"
            value={entry.name}
            onChange={(event) => set(entry.key, { name: event.currentTarget.value })}
          />
          <TextInput
            className="grow"
            aria-label={`Value of ${entry.name || `entry ${at + 1}`}`}
            placeholder={entry.value === keptSecret ? 'kept as it is; type to replace it' : 'Value'}
            value={entry.value === keptSecret ? '' : entry.value}
            onChange={(event) => set(entry.key, { value: event.currentTarget.value })}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size={28}
            aria-label={`Remove ${entry.name || `entry ${at + 1}`}`}
            onClick={() => change(entries.filter(({ key }) => key !== entry.key))}
          >
            <IconTrash size={14} />
          </ActionIcon>
        </div>
      ))}
      <Button
        variant="default"
        size="compact-xs"
        onClick={() => change([...entries, { key: ++lastKey, name: '', value: '' }])}
      >
        Add
      </Button>
      {error !== undefined && (
        <p className="form-problem" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

function textList(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [];
}
