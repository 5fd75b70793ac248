import { ActionIcon, Button, Select, Textarea, TextInput } from '@mantine/core';
import {
  createSilence,
  listSilences,
  previewSilence,
  scopes,
  suggestSilence,
  updateSilence,
  type Matcher,
  type Silence,
} from '@sightline/contract';
import { IconTrash } from '@tabler/icons-react';
import { useEffect, useState, type ReactNode } from 'react';
import { FormProblem } from '../../components/form-problem.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { TitleList } from './silences.tsx';
import { operatorOf, operators, readWait } from './words.ts';

type Draft = Matcher & { readonly key: number };
let lastKey = 0;
const draft = (matcher: Matcher): Draft => ({ ...matcher, key: ++lastKey });
const empty: Matcher = { name: 'site', value: '', isRegex: false, isEqual: true };

const lengths = ['30 min', '1 h', '4 h', '12 h', '1 d', '7 d', '30 d'];
const knownLabels = ['site', 'service', 'alertname', 'severity', 'environment', 'source'];

/** A silence to be written. `incident`: the number of the incident it is begun from, 0 for none. */
export function SilenceForm(props: { silence: Silence | undefined; incident: number; onDone: () => void }): ReactNode {
  const { silence, incident, onDone } = props;
  const suggested = useAsk(suggestSilence, { query: { incident } }, { when: incident > 0, keepOld: false });
  if (incident > 0 && suggested.isLoading) return <SkeletonRows rows={5} />;
  const { title = '', matchers = [empty] } = suggested.data ?? {};
  return (
    <>
      {title !== '' && <p className="muted">For the incident {title}</p>}
      {suggested.error !== null && <p className="muted">{suggested.error.detail}</p>}
      <SilenceFields
        silence={silence}
        matchers={silence?.matchers ?? matchers}
        comment={silence?.comment ?? (title === '' ? '' : `Known: ${title}`)}
        onDone={onDone}
      />
    </>
  );
}

function SilenceFields(props: {
  silence: Silence | undefined;
  matchers: readonly Matcher[];
  comment: string;
  onDone: () => void;
}): ReactNode {
  const { silence, onDone } = props;
  const again = silence?.state === 'expired';
  const creating = useAct(createSilence, [listSilences]);
  const changing = useAct(updateSilence, [listSilences]);
  const [matchers, setMatchers] = useState<readonly Draft[]>(() => props.matchers.map(draft));
  const [comment, setComment] = useState(props.comment);
  const [length, setLength] = useState(silence === undefined || again ? '1 h' : '');
  const problem = creating.error ?? changing.error;
  const wanted = matchers
    .filter(({ name }) => name.trim() !== '')
    .map(({ name, value, isRegex, isEqual }) => ({ name: name.trim(), value, isRegex, isEqual }));
  const wait = readWait(length);

  function put(key: number, change: Partial<Matcher>): void {
    setMatchers((old) => old.map((one) => (one.key === key ? { ...one, ...change } : one)));
  }
  function save(): void {
    const endsAt = length === '' && silence !== undefined ? silence.endsAt : Date.now() + (wait ?? 0);
    const body = { matchers: wanted, endsAt, comment: comment.trim() };
    if (silence === undefined || again) creating.mutate({ body }, { onSuccess: onDone });
    else {
      const begins = silence.state === 'pending' ? { startsAt: silence.startsAt } : {};
      changing.mutate({ params: { id: silence.id }, body: { ...body, ...begins } }, { onSuccess: onDone });
    }
  }

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <fieldset className="record-field">
        <legend>What all of these fit</legend>
        {matchers.map((matcher, at) => (
          <MatcherRow
            key={matcher.key}
            at={at}
            matcher={matcher}
            put={(change) => put(matcher.key, change)}
            fault={at === 0 && problem?.fields['matchers'] !== undefined ? 'One condition is needed.' : undefined}
            {...(matchers.length > 1
              ? {
                  remove: () => setMatchers((old) => old.filter(({ key }) => key !== matcher.key)),
                }
              : {})}
          />
        ))}
        <Button
          variant="default"
          size="compact-xs"
          disabled={matchers.length >= 20}
          onClick={() => setMatchers((old) => [...old, draft({ ...empty, name: 'service' })])}
        >
          Add a condition
        </Button>
      </fieldset>
      <Preview matchers={wanted} />
      <Select
        label={silence === undefined || again ? 'For' : 'From now for'}
        w={200}
        data={lengths}
        placeholder="until the end it has"
        clearable={silence !== undefined && !again}
        allowDeselect={false}
        value={length === '' ? null : length}
        onChange={(next) => setLength(next ?? '')}
      />
      {silence !== undefined && !again && length === '' && (
        <p className="muted">
          Ends <TimeText at={silence.endsAt} />
        </p>
      )}
      <Textarea
        size="xs"
        label="Why"
        required
        autosize
        minRows={2}
        maxLength={2000}
        placeholder="Cabling until Friday, ticket 4711"
        value={comment}
        error={problem?.fields['comment']}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <FormProblem problem={problem} known={['comment', 'matchers']} />
      <div className="row">
        <Button type="submit" loading={creating.isPending || changing.isPending}>
          {silence === undefined || again ? 'Silence it' : 'Save'}
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function MatcherRow(props: {
  at: number;
  matcher: Matcher;
  put: (change: Partial<Matcher>) => void;
  fault: string | undefined;
  remove?: () => void;
}): ReactNode {
  const { at, matcher, put, fault, remove } = props;
  const known = useAsk(scopes);
  const values: Readonly<Record<string, readonly string[] | undefined>> = {
    site: known.data?.sites,
    service: known.data?.services,
    environment: known.data?.environments,
    severity: ['critical', 'high', 'medium', 'low'],
    source: ['rule', 'monitor', 'link', 'alertmanager'],
  };
  const listId = `silence-values-${at}`;
  return (
    <div className="row matcher-row">
      <TextInput
        aria-label={`Label of condition ${at + 1}`}
        list="silence-labels"
        w={120}
        value={matcher.name}
        error={fault}
        onChange={(event) => put({ name: event.currentTarget.value })}
      />
      <Select
        aria-label={`Relation of condition ${at + 1}`}
        w={130}
        allowDeselect={false}
        data={operators.map(({ value, label }) => ({ value, label }))}
        value={operatorOf(matcher).value}
        onChange={(value) => {
          const chosen = operators.find((one) => one.value === value);
          if (chosen !== undefined) put({ isRegex: chosen.isRegex, isEqual: chosen.isEqual });
        }}
      />
      <TextInput
        className="grow"
        aria-label={`Value of condition ${at + 1}`}
        list={listId}
        placeholder={matcher.isRegex ? 'STORE_0.*' : 'STORE_047'}
        value={matcher.value}
        onChange={(event) => put({ value: event.currentTarget.value })}
      />
      {remove !== undefined && (
        <ActionIcon variant="subtle" color="gray" size={28} aria-label={`Remove condition ${at + 1}`} onClick={remove}>
          <IconTrash size={14} />
        </ActionIcon>
      )}
      <datalist id={listId}>
        {(values[matcher.name] ?? []).slice(0, 500).map((value) => (
          <option key={value} value={value} />
        ))}
      </datalist>
      {at === 0 && (
        <datalist id="silence-labels">
          {knownLabels.map((label) => (
            <option key={label} value={label} />
          ))}
        </datalist>
      )}
    </div>
  );
}

const previewAfterMs = 300;

/** What would be held back at this moment, asked while it is written. */
function Preview({ matchers }: { matchers: readonly Matcher[] }): ReactNode {
  const asking = useAct(previewSilence);
  const { mutate } = asking;
  const text = JSON.stringify(matchers);
  useEffect(() => {
    const body = { matchers: JSON.parse(text) as Matcher[] };
    if (body.matchers.length === 0) return undefined;
    const timer = setTimeout(() => mutate({ body }), previewAfterMs);
    return () => clearTimeout(timer);
  }, [text, mutate]);
  const found = asking.data;
  return (
    <div role="status" className="preview">
      {found === undefined ? (
        <span className="muted">…</span>
      ) : (
        <>
          <span>
            Holds back {found.holdsBackAll === 0 ? 'nothing' : counted(found.holdsBackAll, 'finding')} at the moment
          </span>
          {found.holdsBackAll > 0 && <TitleList titles={found.holdsBack} all={found.holdsBackAll} />}
        </>
      )}
    </div>
  );
}
