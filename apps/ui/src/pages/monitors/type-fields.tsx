import { Checkbox, NumberInput, Select, Textarea, TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { type FormValues, lengthChoices } from './form-values.ts';

export interface TypeFieldsProps {
  readonly values: FormValues;
  /** Faults by the name of the setting. */
  readonly faultOf: (setting: string) => string | undefined;
  readonly set: (settings: Readonly<Record<string, unknown>>) => void;
  readonly setHeaders: (text: string) => void;
}

/** The settings of the chosen type. */
export function TypeFields(props: TypeFieldsProps): ReactNode {
  const { type } = props.values;
  if (type === 'http') return <HttpFields {...props} />;
  return type === 'tcp' ? <TcpFields {...props} /> : <HeartbeatFields {...props} />;
}

interface FieldProps extends TypeFieldsProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly placeholder?: string;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function TextField({ values, faultOf, set, name, label, hint, placeholder }: FieldProps): ReactNode {
  return (
    <TextInput
      label={label}
      description={hint}
      placeholder={placeholder}
      value={textOf(values.settings[name])}
      error={faultOf(name)}
      onChange={(event) => set({ [name]: event.currentTarget.value })}
    />
  );
}

function NumberField(props: FieldProps & { readonly least: number; readonly most: number }): ReactNode {
  const { values, faultOf, set, name, label, hint, least, most } = props;
  return (
    <NumberInput
      size="xs"
      label={label}
      description={hint}
      min={least}
      max={most}
      allowDecimal={false}
      value={Number(values.settings[name] ?? 0)}
      error={faultOf(name)}
      onChange={(value) => set({ [name]: typeof value === 'number' ? value : least })}
    />
  );
}

function SwitchField({ values, set, name, label }: FieldProps): ReactNode {
  return (
    <Checkbox
      size="xs"
      label={label}
      checked={values.settings[name] === true}
      onChange={(event) => set({ [name]: event.currentTarget.checked })}
    />
  );
}

function HttpFields(props: TypeFieldsProps): ReactNode {
  const { values, faultOf, set, setHeaders } = props;
  const method = textOf(values.settings['method']);
  return (
    <>
      <div className="form-pair method-and-address">
        <Select
          label="Method"
          allowDeselect={false}
          data={['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']}
          value={method}
          onChange={(value) => set({ method: value ?? 'GET' })}
        />
        <TextField {...props} name="url" label="Address" placeholder="https://shop.example/health" />
      </div>
      <TextField {...props} name="status" label="Good statuses" hint="200-299, 401, 3xx" />
      <div className="form-pair">
        <TextField {...props} name="contains" label="The body holds" />
        <TextField {...props} name="lacks" label="The body does not hold" />
      </div>
      <div className="form-pair">
        <TextField {...props} name="jsonPath" label="JSON at" placeholder="$.checks[0].status" />
        <TextField {...props} name="jsonEquals" label="is" placeholder="anything but null" />
      </div>
      <details className="fold">
        <summary>Headers, body, redirects and TLS</summary>
        <div className="stack">
          <Textarea
            size="xs"
            autosize
            minRows={2}
            maxRows={8}
            label="Headers"
            description="Name: value, a line each. Secrets are kept sealed and not shown again."
            value={values.headers}
            error={faultOf('headers')}
            onChange={(event) => setHeaders(event.currentTarget.value)}
          />
          {method !== 'GET' && method !== 'HEAD' && (
            <Textarea
              size="xs"
              autosize
              minRows={2}
              maxRows={12}
              label="Body"
              value={textOf(values.settings['body'])}
              error={faultOf('body')}
              onChange={(event) => set({ body: event.currentTarget.value })}
            />
          )}
          <SwitchField {...props} name="followRedirects" label="Follow redirects" />
          <SwitchField {...props} name="tlsVerify" label="The TLS certificate must be valid" />
          <NumberField
            {...props}
            name="tlsDays"
            label="Down when the certificate ends in fewer days than"
            hint="0: not watched"
            least={0}
            most={365}
          />
        </div>
      </details>
    </>
  );
}

function TcpFields(props: TypeFieldsProps): ReactNode {
  return (
    <>
      <div className="form-pair host-and-port">
        <TextField {...props} name="host" label="Host" placeholder="10.0.7.12" />
        <NumberField {...props} name="port" label="Port" least={1} most={65_535} />
      </div>
      <div className="form-pair">
        <TextField {...props} name="send" label="Send" hint="once connected" />
        <TextField {...props} name="expect" label="Expect" hint="text that comes back" />
      </div>
    </>
  );
}

function HeartbeatFields(props: TypeFieldsProps): ReactNode {
  const { values, set } = props;
  const length = (name: string, label: string, hint: string) => (
    <Select
      label={label}
      description={hint}
      allowDeselect={false}
      data={lengthChoices(Number(values.settings[name] ?? 0), 0).map((one) =>
        name === 'graceMs' && one.value === '0' ? { ...one, label: 'none' } : one,
      )}
      value={String(Number(values.settings[name] ?? 0))}
      onChange={(value) => set({ [name]: Number(value) })}
    />
  );
  return (
    <>
      <div className="form-pair">
        {length('graceMs', 'Grace', 'how much later it may come')}
        {length('maxRunMs', 'Longest run', 'from /start to its end')}
      </div>
      <div className="form-pair">
        <TextField
          {...props}
          name="cron"
          label="Schedule"
          hint="of crontab; empty: every so often"
          placeholder="0 3 * * *"
        />
        <TextField {...props} name="timeZone" label="Time zone" placeholder="UTC" />
      </div>
    </>
  );
}
