import { ActionIcon, Button, Checkbox, MultiSelect, NumberInput, TextInput, Tooltip } from '@mantine/core';
import {
  createPolicy,
  listChannels,
  listPolicies,
  updatePolicy,
  type AlertChannel,
  type Policy,
  type Team,
} from '@sightline/contract';
import { IconArrowDown, IconArrowUp, IconTrash } from '@tabler/icons-react';
import { useState, type ReactNode } from 'react';
import { focusFault, FormProblem } from '../../components/form-problem.tsx';
import { useAct } from '../../data/ask.ts';
import { readWait, waitText } from './words.ts';

interface DraftStep {
  /** Tells steps apart while they are moved. */
  readonly key: number;
  /** As it was typed. */
  readonly wait: string;
  readonly channels: readonly string[];
  /** Slugs. */
  readonly teams: readonly string[];
}
let lastKey = 0;
const draft = (waitMs: number, channels: readonly string[], teams: readonly string[] = []): DraftStep => ({
  key: ++lastKey,
  wait: waitText(waitMs),
  channels,
  teams,
});

/** A team among the choices: ids of channels never begin so. */
const teamOption = (slug: string): string => `#${slug}`;
const isTeamOption = (option: string): boolean => option.startsWith('#');

/** The steps of a policy, to be written. Without `policy` a new one. */
export function PolicyForm({
  policy,
  channels,
  teams,
  onDone,
}: {
  policy: Policy | undefined;
  channels: readonly AlertChannel[];
  teams: readonly Team[];
  onDone: () => void;
}): ReactNode {
  const creating = useAct(createPolicy, [listPolicies, listChannels]);
  const changing = useAct(updatePolicy, [listPolicies, listChannels]);
  const [name, setName] = useState(policy?.name ?? '');
  const [steps, setSteps] = useState<readonly DraftStep[]>(
    () => policy?.steps.map((step) => draft(step.waitMs, step.channels, step.teams)) ?? [draft(0, [])],
  );
  const [repeats, setRepeats] = useState<number | string>(policy?.repeats ?? 0);
  const [isDefault, setDefault] = useState(policy?.isDefault ?? false);
  const problem = creating.error ?? changing.error;
  const unread = steps.some((step) => readWait(step.wait) === undefined);

  function save(): void {
    const body = {
      name: name.trim(),
      steps: steps.map((step) => ({
        waitMs: readWait(step.wait) ?? 0,
        channels: [...step.channels],
        teams: [...step.teams],
      })),
      repeats: Number(repeats) || 0,
      isDefault,
    };
    if (policy === undefined) creating.mutate({ body }, { onSuccess: onDone });
    else changing.mutate({ params: { id: policy.id }, body }, { onSuccess: onDone });
  }
  const put = (key: number, change: Partial<DraftStep>): void =>
    setSteps((old) => old.map((step) => (step.key === key ? { ...step, ...change } : step)));
  const move = (at: number, by: number): void =>
    setSteps((old) => {
      const next = [...old];
      const [step] = next.splice(at, 1);
      if (step !== undefined) next.splice(at + by, 0, step);
      return next;
    });

  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        // A wait that cannot be read has its fault at its field already.
        if (unread) focusFault(event.currentTarget.firstElementChild);
        else save();
      }}
    >
      <TextInput
        label="Name"
        value={name}
        maxLength={100}
        error={problem?.fields['name']}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <ol className="step-list" aria-label="Steps">
        {steps.map((step, at) => (
          <li key={step.key} className="step">
            <StepFields at={at} step={step} channels={channels} teams={teams} put={(change) => put(step.key, change)} />
            <div className="row step-tools">
              <Tool
                label={`Move step ${at + 1} up`}
                off={at === 0}
                run={() => move(at, -1)}
                icon={<IconArrowUp size={14} />}
              />
              <Tool
                label={`Move step ${at + 1} down`}
                off={at === steps.length - 1}
                run={() => move(at, 1)}
                icon={<IconArrowDown size={14} />}
              />
              <Tool
                label={`Remove step ${at + 1}`}
                off={steps.length === 1}
                run={() => setSteps((old) => old.filter(({ key }) => key !== step.key))}
                icon={<IconTrash size={14} />}
              />
            </div>
          </li>
        ))}
      </ol>
      <div>
        <Button
          variant="default"
          size="compact-sm"
          disabled={steps.length >= 20}
          onClick={() => setSteps((old) => [...old, draft(300_000, [])])}
        >
          Add a step
        </Button>
      </div>
      <NumberInput
        size="xs"
        label="Then begin again, times"
        description="When all steps were taken and nobody has acknowledged."
        min={0}
        max={100}
        allowDecimal={false}
        w={240}
        value={repeats}
        error={problem?.fields['repeats']}
        onChange={setRepeats}
      />
      <Checkbox
        label="Default: for all rules that name no policy"
        checked={isDefault}
        disabled={policy?.isDefault === true}
        onChange={(event) => setDefault(event.currentTarget.checked)}
      />
      <FormProblem problem={problem} known={['name', 'repeats']} />
      <div className="row">
        <Button type="submit" loading={creating.isPending || changing.isPending}>
          {policy === undefined ? 'Add the policy' : 'Save'}
        </Button>
        <Button variant="default" onClick={onDone}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

function StepFields({
  at,
  step,
  channels,
  teams,
  put,
}: {
  at: number;
  step: DraftStep;
  channels: readonly AlertChannel[];
  teams: readonly Team[];
  put: (change: Partial<DraftStep>) => void;
}): ReactNode {
  const wrong = readWait(step.wait) === undefined;
  const known = new Set([...channels.map(({ id }) => id), ...teams.map(({ slug }) => teamOption(slug))]);
  const told = [...step.channels, ...step.teams.map(teamOption)].filter((one) => known.has(one));
  return (
    <div className="step-fields">
      <TextInput
        label={at === 0 ? 'After the incident opened' : 'After the step before'}
        placeholder="at once"
        w={150}
        value={step.wait}
        error={wrong ? 'Such as 5 min, 1 h, at once' : undefined}
        onChange={(event) => put({ wait: event.currentTarget.value })}
      />
      <MultiSelect
        size="xs"
        className="grow"
        label="Tell"
        placeholder={told.length === 0 ? 'Choose channels and teams' : ''}
        data={[
          {
            group: 'Channels',
            items: channels.map((channel) => ({
              value: channel.id,
              label: channel.enabled ? channel.name : `${channel.name} (off)`,
            })),
          },
          {
            group: 'Teams, by e-mail',
            items: teams.map(({ slug, name }) => ({ value: teamOption(slug), label: `${name} #${slug}` })),
          },
        ].filter(({ items }) => items.length > 0)}
        value={told}
        maxValues={20}
        onChange={(chosen) =>
          put({
            channels: chosen.filter((one) => !isTeamOption(one)),
            teams: chosen.filter(isTeamOption).map((one) => one.slice(1)),
          })
        }
      />
    </div>
  );
}

function Tool({ label, off, run, icon }: { label: string; off: boolean; run: () => void; icon: ReactNode }): ReactNode {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size={24} aria-label={label} disabled={off} onClick={run}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
