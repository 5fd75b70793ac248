import { Checkbox, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { getScrubRules, renewScrubSalt, saveScrubRules, type ScrubRulesDraft } from '@sightline/contract';
import type { ReactNode } from 'react';
import { Confirm } from '../../../components/confirm.tsx';
import { AddLine, RemoveLine, SaveLine } from '../../../components/form-parts.tsx';
import { nextKey } from '../../../components/line-key.ts';
import { FormProblem } from '../../../components/form-problem.tsx';
import { TimeText } from '../../../components/time-text.tsx';
import { useAct } from '../../../data/ask.ts';
import { useMe } from '../../../data/session.tsx';
import type { KeptRules, RulesDraft } from './rules-draft.ts';

const dayMs = 86_400_000;
const optional = [
  { name: 'email', title: 'E-mail addresses' },
  { name: 'ip', title: 'IP addresses' },
] as const;
const replacements = [
  { value: 'mask', label: 'Mask what it finds' },
  { value: 'hash', label: 'Hash what it finds' },
  { value: 'remove', label: 'Remove the whole value' },
];

interface FormProps {
  readonly kept: KeptRules;
  readonly draft: RulesDraft;
  readonly rules: ScrubRulesDraft | undefined;
  readonly onChange: (draft: RulesDraft) => void;
}

export function RulesForm({ kept, draft, rules, onChange }: FormProps): ReactNode {
  const me = useMe();
  const may = me.may('admin');
  const saving = useAct(saveScrubRules, [getScrubRules]);
  const change = (part: Partial<RulesDraft>): void => onChange({ ...draft, ...part });
  const faults = saving.error?.fields ?? {};
  return (
    <section className="panel panel-body scrub-rules" aria-label="Rules for scrubbing">
      <p className="muted">
        Card numbers, tokens, passwords and secrets are removed from everything before it is stored, and no rule can
        change that. These rules apply to logs, spans and errors alike, within half a minute.
      </p>
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (rules !== undefined) saving.mutate({ body: rules });
        }}
      >
        <fieldset disabled={!may} className="stack bare">
          <Detectors draft={draft} may={may} change={change} />
          <UserIds kept={kept} draft={draft} may={may} change={change} />
          <OwnRules draft={draft} may={may} faults={faults} change={change} />
          <Allowed draft={draft} may={may} change={change} />
        </fieldset>
        <FormProblem
          problem={saving.error}
          known={Object.keys(faults).filter((field) => field.startsWith('custom.'))}
        />
        {may && (
          <SaveLine saving={saving.isPending} whole={rules !== undefined} at={kept.updatedAt} by={kept.updatedBy} />
        )}
      </form>
    </section>
  );
}

interface PartProps {
  readonly draft: RulesDraft;
  readonly may: boolean;
  readonly change: (part: Partial<RulesDraft>) => void;
}

function Detectors({ draft, may, change }: PartProps): ReactNode {
  return (
    <div>
      <h2>Detectors</h2>
      <div className="scrub-switches">
        {optional.map(({ name, title }) => (
          <Switch
            key={name}
            label={title}
            checked={!draft.off.includes(name)}
            disabled={!may}
            onChange={(event) =>
              change({
                off: event.currentTarget.checked ? draft.off.filter((one) => one !== name) : [...draft.off, name],
              })
            }
          />
        ))}
      </div>
    </div>
  );
}

function UserIds({ kept, draft, may, change }: PartProps & { kept: KeptRules }): ReactNode {
  const renewing = useAct(renewScrubSalt, [getScrubRules]);
  return (
    <div className="stack">
      <h2>User ids</h2>
      <Switch
        label="Store a hash in place of the user’s id and name"
        checked={draft.hash}
        disabled={!may}
        onChange={(event) => change({ hash: event.currentTarget.checked })}
      />
      {draft.hash && (
        <>
          <div className="line-form">
            <TextInput
              label="In these fields"
              className="grow"
              value={draft.userFields}
              onChange={(event) => change({ userFields: event.currentTarget.value })}
            />
            <NumberInput
              size="xs"
              label="New salt every, days"
              min={1}
              max={365}
              w={160}
              value={draft.rotateDays}
              onChange={(rotateDays) => change({ rotateDays })}
            />
            {may && kept.saltedAt !== null && (
              <Confirm
                verb="New salt"
                title="Put a new salt in the place of the old"
                text="The same user gets another hash from now on, and hashes made so far can no longer be made again from a user id."
                act={() => renewing.mutateAsync({})}
                button={{ variant: 'default', size: 'compact-sm' }}
              />
            )}
          </div>
          <p className="muted">
            The same user is the same hash while a salt lasts.{' '}
            {kept.saltedAt !== null && (
              <>
                This one is of <TimeText at={kept.saltedAt} />, the next comes{' '}
                <TimeText at={kept.saltedAt + kept.userIds.rotateDays * dayMs} />.
              </>
            )}
          </p>
        </>
      )}
    </div>
  );
}

function OwnRules({ draft, may, faults, change }: PartProps & { faults: Readonly<Record<string, string>> }): ReactNode {
  const changeRule = (key: number, part: Partial<RulesDraft['custom'][number]>): void =>
    change({ custom: draft.custom.map((one) => (one.key === key ? { ...one, ...part } : one)) });
  return (
    <div className="stack">
      <h2>Own rules</h2>
      {draft.custom.length === 0 && (
        <p className="muted">For what only you know: order numbers, loyalty cards, names of staff.</p>
      )}
      {draft.custom.map((rule, i) => (
        <div key={rule.key} className="line-form scrub-rule">
          <TextInput
            label="Name"
            w={140}
            placeholder="order-no"
            value={rule.name}
            error={faults[`custom.${i}.name`]}
            onChange={(event) => changeRule(rule.key, { name: event.currentTarget.value })}
          />
          <TextInput
            label="Pattern (RE2)"
            className="grow"
            classNames={{ input: 'code' }}
            placeholder="ORD-\d+"
            value={rule.pattern}
            error={faults[`custom.${i}.pattern`]}
            onChange={(event) => changeRule(rule.key, { pattern: event.currentTarget.value })}
          />
          <Select
            label="Then"
            w={200}
            allowDeselect={false}
            data={replacements}
            value={rule.replacement}
            onChange={(value) => {
              if (value === 'mask' || value === 'hash' || value === 'remove')
                changeRule(rule.key, { replacement: value });
            }}
          />
          <TextInput
            label="Only in fields"
            className="grow"
            placeholder="everywhere"
            value={rule.fields}
            onChange={(event) => changeRule(rule.key, { fields: event.currentTarget.value })}
          />
          <TextInput
            label="Made-up sample"
            className="grow"
            placeholder="planted each day as proof"
            value={rule.sample}
            error={faults[`custom.${i}.sample`]}
            onChange={(event) => changeRule(rule.key, { sample: event.currentTarget.value })}
          />
          <RemoveLine
            what={rule.name || 'the rule'}
            onRemove={() => change({ custom: draft.custom.filter(({ key }) => key !== rule.key) })}
          />
        </div>
      ))}
      {may && (
        <AddLine
          full={draft.custom.length >= 50}
          onAdd={() =>
            change({
              custom: [
                ...draft.custom,
                { key: nextKey(draft.custom), name: '', pattern: '', fields: '', replacement: 'mask', sample: '' },
              ],
            })
          }
        >
          Add a rule
        </AddLine>
      )}
    </div>
  );
}

function Allowed({ draft, may, change }: PartProps): ReactNode {
  const changeField = (key: number, part: Partial<RulesDraft['allow'][number]>): void =>
    change({ allow: draft.allow.map((one) => (one.key === key ? { ...one, ...part } : one)) });
  return (
    <div className="stack">
      <h2>Fields that keep theirs</h2>
      {draft.allow.length === 0 && (
        <p className="muted">For instance client.address, where IP addresses are needed to find a store’s router.</p>
      )}
      {draft.allow.map(({ key, field, detectors }) => (
        <div key={key} className="line-form">
          <TextInput
            label="Field"
            className="grow"
            placeholder="client.address"
            value={field}
            onChange={(event) => changeField(key, { field: event.currentTarget.value })}
          />
          {optional.map(({ name, title }) => (
            <Checkbox
              key={name}
              className="scrub-keeps"
              label={`keeps ${title}`}
              checked={detectors.includes(name)}
              onChange={(event) =>
                changeField(key, {
                  detectors: event.currentTarget.checked
                    ? [...detectors, name]
                    : detectors.filter((one) => one !== name),
                })
              }
            />
          ))}
          <RemoveLine
            what={field || 'the field'}
            onRemove={() => change({ allow: draft.allow.filter((one) => one.key !== key) })}
          />
        </div>
      ))}
      {may && (
        <AddLine
          full={draft.allow.length >= 200}
          onAdd={() => change({ allow: [...draft.allow, { key: nextKey(draft.allow), field: '', detectors: ['ip'] }] })}
        >
          Add a field
        </AddLine>
      )}
    </div>
  );
}
