import {
  acknowledgeIncident,
  countOpenIncidents,
  getIncident,
  handOverIncident,
  listIncidents,
  noteIncident,
  reopenIncident,
  resolveIncident,
  type ResolvedHow,
} from '@sightline/contract';
import { Button, SegmentedControl, Select, TextInput } from '@mantine/core';
import { useState, type FormEvent, type ReactNode } from 'react';
import { FormProblem } from '../../components/form-problem.tsx';
import { KeyHint } from '../../components/key-hint.tsx';
import { whoMay } from '../../components/role-words.ts';
import { useAct } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { useKeys } from '../../shell/keys.ts';
import type { IncidentAnswer } from './incident-page.tsx';
import { howWords } from './words.ts';

type Form = 'resolve' | 'hand-over' | 'note' | 'reopen';
const again = [getIncident, listIncidents, countOpenIncidents] as const;
const hows: readonly ResolvedHow[] = ['remote', 'on-site', 'by-itself', 'false-alarm'];

/** What a responder does: acknowledge, hand over, resolve, note. `a` acknowledges, `r` resolves. */
export function IncidentActs({ answer }: { answer: IncidentAnswer }): ReactNode {
  const { incident } = answer;
  const { may, role } = useMe();
  const [form, setForm] = useState<Form>();
  const acknowledge = useAct(acknowledgeIncident, again);
  const params = { number: incident.number };
  const open = incident.status === 'open';
  const resolved = incident.status === 'resolved';
  const allowed = may('responder');
  const toggle = (wanted: Form) => setForm((now) => (now === wanted ? undefined : wanted));
  const take = () => {
    if (allowed && open && !acknowledge.isPending) acknowledge.mutate({ params });
  };
  useKeys(
    allowed
      ? [
          { keys: 'a', title: 'Acknowledge', run: take },
          { keys: 'r', title: resolved ? 'Reopen' : 'Resolve', run: () => toggle(resolved ? 'reopen' : 'resolve') },
          { keys: 'n', title: 'Add a note', run: () => toggle('note') },
        ]
      : [],
  );
  if (!allowed)
    return (
      <p className="muted">
        {whoMay({ role: 'responder', what: 'acknowledge and resolve incidents' })} Your role is {role}.
      </p>
    );
  const close = () => setForm(undefined);
  return (
    <section className="incident-acts" aria-label="What to do">
      <div className="row">
        {open && (
          <Button size="sm" loading={acknowledge.isPending} rightSection={<Hint keys="a" />} onClick={take}>
            Acknowledge
          </Button>
        )}
        {resolved ? (
          <Button variant="default" size="sm" aria-expanded={form === 'reopen'} onClick={() => toggle('reopen')}>
            Reopen
          </Button>
        ) : (
          <>
            <Button
              size="sm"
              variant={open ? 'default' : 'filled'}
              aria-expanded={form === 'resolve'}
              rightSection={<Hint keys="r" />}
              onClick={() => toggle('resolve')}
            >
              Resolve
            </Button>
            <Button
              variant="default"
              size="sm"
              aria-expanded={form === 'hand-over'}
              onClick={() => toggle('hand-over')}
            >
              Hand over
            </Button>
          </>
        )}
        <Button variant="default" size="sm" aria-expanded={form === 'note'} onClick={() => toggle('note')}>
          Note
        </Button>
        {!resolved && (
          <Go
            to="/alerting"
            search={{ tab: 'silences', incident: String(incident.number), site: '' }}
            className="incident-silence"
          >
            Silence
          </Go>
        )}
      </div>
      <FormProblem problem={acknowledge.error} known={[]} />
      {form === 'resolve' && <ResolveForm number={incident.number} firing={incident.firing} onDone={close} />}
      {form === 'hand-over' && <HandOverForm answer={answer} onDone={close} />}
      {form === 'note' && <NoteForm number={incident.number} onDone={close} />}
      {form === 'reopen' && <ReopenForm number={incident.number} onDone={close} />}
    </section>
  );
}

/** On a phone there is no key to press. */
function Hint({ keys }: { keys: string }): ReactNode {
  return (
    <span className="wide-only">
      <KeyHint keys={keys} />
    </span>
  );
}

function submit(run: () => void): (event: FormEvent) => void {
  return (event) => {
    event.preventDefault();
    run();
  };
}

function ResolveForm(props: { number: number; firing: number; onDone: () => void }): ReactNode {
  const [how, setHow] = useState<ResolvedHow>('remote');
  const [note, setNote] = useState('');
  const act = useAct(resolveIncident, again);
  const { number, firing, onDone } = props;
  return (
    <form
      className="incident-form"
      onSubmit={submit(() => act.mutate({ params: { number }, body: { how, note } }, { onSuccess: onDone }))}
    >
      <SegmentedControl
        aria-label="How it was put right"
        className="incident-hows"
        value={how}
        data={hows.map((value) => ({ value, label: howWords[value] }))}
        onChange={setHow}
      />
      <TextInput
        label="What was it?"
        placeholder="Restarted the payment gateway"
        value={note}
        maxLength={2000}
        autoFocus
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      {firing > 0 && (
        <p className="muted">
          {firing === 1 ? 'One finding still fires' : `${firing} findings still fire`}: it opens again in 30 min unless
          that ends.
        </p>
      )}
      <FormProblem problem={act.error} known={[]} />
      <FormButtons verb={`Resolve #${number}`} busy={act.isPending} onCancel={onDone} />
    </form>
  );
}

function HandOverForm({ answer, onDone }: { answer: IncidentAnswer; onDone: () => void }): ReactNode {
  const { incident, members } = answer;
  const me = useMe();
  const [to, setTo] = useState<string | null>(null);
  const [note, setNote] = useState('');
  const act = useAct(handOverIncident, again);
  const label = (name: string, email: string): string => {
    const shown = name === '' ? email : `${name} (${email})`;
    return email === me.person.email ? `${shown}, me` : shown;
  };
  return (
    <form
      className="incident-form"
      onSubmit={submit(() => {
        if (to !== null) act.mutate({ params: { number: incident.number }, body: { to, note } }, { onSuccess: onDone });
      })}
    >
      <Select
        label="To whom"
        searchable
        value={to}
        data={members
          .filter(({ email }) => email !== incident.assignee)
          .map(({ name, email }) => ({ value: email, label: label(name, email) }))}
        onChange={setTo}
      />
      <TextInput
        label="What should they know?"
        value={note}
        maxLength={2000}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <FormProblem problem={act.error} known={[]} />
      <FormButtons verb="Hand over" busy={act.isPending} disabled={to === null} onCancel={onDone} />
    </form>
  );
}

function NoteForm({ number, onDone }: { number: number; onDone: () => void }): ReactNode {
  const [text, setText] = useState('');
  const act = useAct(noteIncident, again);
  return (
    <form
      className="incident-form"
      onSubmit={submit(() => act.mutate({ params: { number }, body: { text } }, { onSuccess: onDone }))}
    >
      <TextInput
        label="Note"
        placeholder="Called the store: terminal 3 is off"
        value={text}
        maxLength={4000}
        autoFocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <FormProblem problem={act.error} known={[]} />
      <FormButtons verb="Add the note" busy={act.isPending} disabled={text.trim() === ''} onCancel={onDone} />
    </form>
  );
}

function ReopenForm({ number, onDone }: { number: number; onDone: () => void }): ReactNode {
  const [note, setNote] = useState('');
  const act = useAct(reopenIncident, again);
  return (
    <form
      className="incident-form"
      onSubmit={submit(() => act.mutate({ params: { number }, body: { note } }, { onSuccess: onDone }))}
    >
      <TextInput
        label="Why"
        value={note}
        maxLength={2000}
        autoFocus
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <p className="muted">Escalation begins anew: those of the policy are told again.</p>
      <FormProblem problem={act.error} known={[]} />
      <FormButtons verb={`Reopen #${number}`} busy={act.isPending} onCancel={onDone} />
    </form>
  );
}

function FormButtons(props: { verb: string; busy: boolean; disabled?: boolean; onCancel: () => void }): ReactNode {
  return (
    <div className="row">
      <Button type="submit" size="sm" loading={props.busy} disabled={props.disabled ?? false}>
        {props.verb}
      </Button>
      <Button variant="subtle" size="sm" onClick={props.onCancel}>
        Cancel
      </Button>
    </div>
  );
}
