import { Select, TextInput } from '@mantine/core';
import { listPolicies, listTeams, ruleSeverity } from '@sightline/contract';
import type { ReactNode } from 'react';
import { useAsk } from '../../data/ask.ts';
import { DurationChoice, type FieldsProps } from './condition-parts.tsx';
import { labelOf, unreadParts, withLabel } from './label-pairs.ts';

/** What it is called, how bad it is, who is told and when. */
export function TellingFields({ draft, change, problem }: FieldsProps): ReactNode {
  const policies = useAsk(listPolicies);
  const named = (policies.data?.policies ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const teams = useAsk(listTeams);
  const unread = unreadParts(draft.labels);
  const team = labelOf(draft.labels, 'team');
  const offered = (teams.data?.teams ?? []).map(({ slug, name }) => ({ value: slug, label: `${name} #${slug}` }));
  return (
    <>
      <div className="rule-line">
        <TextInput
          className="grow"
          label="Name"
          placeholder="What is wrong: Payment failures"
          required
          maxLength={200}
          value={draft.name}
          error={problem?.fields['name']}
          onChange={(event) => change({ name: event.currentTarget.value })}
        />
        <Select
          label="Severity"
          w={120}
          data={ruleSeverity.options}
          value={draft.severity}
          allowDeselect={false}
          onChange={(value) => change({ severity: value ?? 'high' })}
        />
      </div>
      <div className="rule-line">
        <DurationChoice
          label="Evaluate each"
          w={120}
          valueMs={draft.everyMs}
          usualMs={[10_000, 15_000, 30_000, 60_000, 300_000, 900_000, 3_600_000]}
          onChange={(everyMs) => change({ everyMs })}
        />
        <DurationChoice
          label="Tell when it lasts"
          w={140}
          valueMs={draft.forMs}
          usualMs={[0, 60_000, 120_000, 300_000, 600_000, 1_800_000, 3_600_000]}
          onChange={(forMs) => change({ forMs })}
        />
        <Select
          className="grow"
          label="Policy"
          data={[{ value: '', label: 'The default policy' }, ...named.filter(({ value }) => value !== '')]}
          value={draft.policy}
          allowDeselect={false}
          onChange={(value) => change({ policy: value ?? '' })}
        />
        <Select
          className="grow"
          label="Team that owns it"
          placeholder="None"
          clearable
          searchable
          nothingFoundMessage="No team of this name; teams are made in the settings"
          data={team === '' || offered.some(({ value }) => value === team) ? offered : [...offered, team]}
          value={team === '' ? null : team}
          onChange={(value) => change({ labels: withLabel(draft.labels, 'team', value ?? '') })}
        />
      </div>
      <TextInput
        label="Description"
        placeholder="What it means for the store"
        maxLength={2000}
        value={draft.description}
        onChange={(event) => change({ description: event.currentTarget.value })}
      />
      <div className="rule-line">
        <TextInput
          className="grow"
          label="Runbook"
          placeholder="Address or text of what to do"
          maxLength={4000}
          value={draft.runbook}
          onChange={(event) => change({ runbook: event.currentTarget.value })}
        />
        <TextInput
          className="grow"
          label="Labels"
          placeholder="area=tills"
          value={draft.labels}
          error={unread.length > 0 ? `expected label=value, got ${unread[0] ?? ''}` : problem?.fields['labels']}
          onChange={(event) => change({ labels: event.currentTarget.value })}
        />
      </div>
    </>
  );
}
