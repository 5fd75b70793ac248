import { Autocomplete, Button, NumberInput, SegmentedControl, Select, TextInput } from '@mantine/core';
import {
  checkNow,
  createMonitor,
  getMonitor,
  listMonitors,
  listPolicies,
  scopes,
  updateMonitor,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { Skeleton } from '../../components/skeleton.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { CheckResult } from './check-result.tsx';
import { bodyOf, type FormValues, lengthChoices, nameFor, newValues, settingsOf, valuesOf } from './form-values.ts';
import { TypeFields } from './type-fields.tsx';

interface MonitorFormProps {
  /** '' for a new one. */
  readonly id: string;
  /** The site of the page's scope, for a new one. */
  readonly site: string;
  readonly onClose: () => void;
  readonly onSaved: (id: string) => void;
}

/** A monitor as it is made or changed; a check can be tried before it is saved. */
export function MonitorForm({ id, site, onClose, onSaved }: MonitorFormProps): ReactNode {
  const [now] = useState(() => Date.now());
  const asked = useAsk(
    getMonitor,
    { params: { id: id || 'new' }, query: { from: now - 3_600_000, to: now } },
    { when: id !== '', keepOld: false },
  );
  const title = id === '' ? 'New monitor' : (asked.data?.monitor.name ?? 'Monitor');
  const kept = asked.data?.edit ?? undefined;
  return (
    <Drawer title={title} label={title} width={560} onClose={onClose}>
      {id !== '' && kept === undefined && asked.error === null && <Skeleton height={420} />}
      {asked.error !== null && kept === undefined && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {(id === '' || kept !== undefined) && (
        <Form id={id} initial={kept === undefined ? newValues('http', site) : valuesOf(kept)} onSaved={onSaved} />
      )}
    </Drawer>
  );
}

const fields = ['name', 'site', 'runsOn', 'everyMs', 'timeoutMs', 'retries', 'policy', 'runbook', 'severity'];

function Form(props: { id: string; initial: FormValues; onSaved: (id: string) => void }): ReactNode {
  const { id, initial, onSaved } = props;
  const [values, setValues] = useState(initial);
  const set = (change: Partial<FormValues>) => setValues((old) => ({ ...old, ...change }));
  const creating = useAct(createMonitor, [listMonitors]);
  const updating = useAct(updateMonitor, [listMonitors, getMonitor]);
  const trying = useAct(checkNow);
  const saving = id === '' ? creating : updating;
  const faults = saving.error?.fields ?? trying.error?.fields ?? {};
  const faultOf = (setting: string) =>
    faults[`settings.${setting}`] ??
    Object.entries(faults).find(([name]) => name.startsWith(`settings.${setting}.`))?.[1];
  const known = [...fields, ...Object.keys(values.settings).map((name) => `settings.${name}`), 'settings.headers'];
  const save = () => {
    const body = bodyOf(values);
    if (id === '') creating.mutate({ body: { ...body, type: values.type } }, { onSuccess: (made) => onSaved(made.id) });
    else updating.mutate({ params: { id }, body }, { onSuccess: () => onSaved(id) });
  };
  const tryIt = () =>
    trying.mutate({
      body: { type: values.type, settings: settingsOf(values), timeoutMs: Math.min(25_000, values.timeoutMs), id },
    });
  return (
    <form
      className="stack monitor-form"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      {id === '' && (
        <SegmentedControl
          size="xs"
          aria-label="Type of monitor"
          value={values.type}
          data={[
            { value: 'http', label: 'HTTP' },
            { value: 'tcp', label: 'TCP port' },
            { value: 'heartbeat', label: 'Heartbeat' },
          ]}
          onChange={(type) => {
            trying.reset();
            creating.reset();
            setValues({ ...newValues(type, values.site), name: values.name });
          }}
        />
      )}
      <TypeFields
        values={values}
        faultOf={faultOf}
        set={(settings) => setValues((old) => ({ ...old, settings: { ...old.settings, ...settings } }))}
        setHeaders={(headers) => set({ headers })}
      />
      {values.type !== 'heartbeat' && (
        <div className="row">
          <Button variant="default" loading={trying.isPending} onClick={tryIt}>
            Check now
          </Button>
          <span className="muted">runs once from the server, nothing is saved</span>
        </div>
      )}
      {trying.data !== undefined && !trying.isPending && <CheckResult result={trying.data} />}
      <FormProblem problem={trying.error} known={known} />
      <CommonFields values={values} faults={faults} set={set} />
      <FormProblem problem={saving.error} known={known} />
      <Button type="submit" loading={saving.isPending}>
        {id === '' ? 'Create' : 'Save'}
      </Button>
    </form>
  );
}

interface CommonProps {
  readonly values: FormValues;
  readonly faults: Readonly<Record<string, string>>;
  readonly set: (change: Partial<FormValues>) => void;
}

function CommonFields({ values, faults, set }: CommonProps): ReactNode {
  const sites = useAsk(scopes).data?.sites ?? [];
  const beats = values.type === 'heartbeat';
  return (
    <>
      <TextInput
        label="Name"
        placeholder={nameFor(values) || 'Nightly backup'}
        required={beats}
        value={values.name}
        error={faults['name']}
        onChange={(event) => set({ name: event.currentTarget.value })}
      />
      <div className="form-pair">
        <Select
          label={beats ? 'A call comes every' : 'Every'}
          allowDeselect={false}
          data={lengthChoices(values.everyMs, 10_000)}
          value={String(values.everyMs)}
          error={faults['everyMs']}
          onChange={(value) => set({ everyMs: Number(value) })}
        />
        <Autocomplete
          size="xs"
          label="Site"
          placeholder="none"
          limit={50}
          data={sites}
          value={values.site}
          error={faults['site']}
          onChange={(site) => set({ site })}
        />
      </div>
      {!beats && <RunFields values={values} faults={faults} set={set} />}
      <AlertFields values={values} faults={faults} set={set} />
    </>
  );
}

function RunFields({ values, faults, set }: CommonProps): ReactNode {
  return (
    <>
      <div className="form-pair">
        <NumberInput
          size="xs"
          label="Time limit, s"
          min={0.1}
          max={120}
          decimalScale={1}
          value={values.timeoutMs / 1000}
          error={faults['timeoutMs']}
          onChange={(value) => set({ timeoutMs: Math.round(Number(value) * 1000) || 10_000 })}
        />
        <NumberInput
          size="xs"
          label="Tries again before it is down"
          min={0}
          max={10}
          allowDecimal={false}
          value={values.retries}
          error={faults['retries']}
          onChange={(value) => set({ retries: Number(value) || 0 })}
        />
      </div>
      <Select
        label="Runs on"
        allowDeselect={false}
        data={[
          { value: 'server', label: 'this server' },
          { value: 'agent', label: values.site === '' ? 'the agent of the site' : `the agent of ${values.site}` },
        ]}
        value={values.runsOn}
        error={faults['runsOn']}
        onChange={(value) => set({ runsOn: value === 'agent' ? 'agent' : 'server' })}
      />
    </>
  );
}

function AlertFields({ values, faults, set }: CommonProps): ReactNode {
  const policies = useAsk(listPolicies).data?.policies ?? [];
  return (
    <>
      <div className="form-pair">
        <Select
          label="When it is down"
          allowDeselect={false}
          data={['critical', 'high', 'medium', 'low']}
          value={values.severity}
          onChange={(value) => set({ severity: value ?? 'high' })}
        />
        <Select
          label="Who is told"
          allowDeselect={false}
          data={[
            { value: '', label: 'by the default policy' },
            ...policies.map((policy) => ({ value: policy.id, label: policy.name })),
          ]}
          value={values.policy}
          error={faults['policy']}
          onChange={(value) => set({ policy: value ?? '' })}
        />
      </div>
      <TextInput
        label="Runbook"
        placeholder="Address or text: what to do"
        value={values.runbook}
        error={faults['runbook']}
        onChange={(event) => set({ runbook: event.currentTarget.value })}
      />
    </>
  );
}
