import { Button } from '@mantine/core';
import { createRule, getRule, listRules, previewRule, updateRule } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { RoleNeeded } from '../../components/role-needed.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { useAddress, usePathParam } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useGo } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { useMe } from '../../data/session.tsx';
import { ConditionFields } from './condition-fields.tsx';
import { draftOf, emptyDraft, sources, valuesOf, type Draft } from './draft.ts';
import { RulePreview, usePreview } from './rule-preview.tsx';
import { TellingFields } from './telling-fields.tsx';
import './rules.css';

/** A new rule (from a search when the address carries one: `?source=logs&q=…`), or a change of one. */
export default function EditRulePage(): ReactNode {
  const id = usePathParam('rule');
  const me = useMe();
  const { search } = useAddress();
  const asked = useAsk(getRule, { params: { id } }, { when: id !== '' });
  usePageTitle(id === '' ? 'New rule' : 'Change rule');
  if (!me.may('admin')) {
    return (
      <div className="page">
        <h1>{id === '' ? 'New rule' : 'Change rule'}</h1>
        <RoleNeeded need={{ role: 'admin', what: 'change rules' }} />
      </div>
    );
  }
  if (id === '') {
    const source = sources.find((one) => one === search['source']) ?? emptyDraft.source;
    // Of a new pattern the level is a field of its own; feedback has none, and is nobody's emergency.
    const own: Partial<Draft> =
      source === 'feedback'
        ? { query: '', severity: 'low', windowMs: 3_600_000 }
        : source === 'pattern'
          ? { query: '' }
          : {};
    const given = { ...(search['q'] !== undefined && { query: search['q'] }), where: search['where'] ?? '' };
    return <RuleForm id="" first={{ ...emptyDraft, ...own, source, ...given }} left={search['left'] ?? ''} />;
  }
  if (asked.data === undefined) {
    return (
      <div className="page">
        {asked.error === null ? (
          <SkeletonRows rows={12} />
        ) : (
          <ErrorState error={asked.error} again={() => void asked.refetch()} />
        )}
      </div>
    );
  }
  return <RuleForm key={asked.data.id} id={asked.data.id} first={draftOf(asked.data)} />;
}

/** `left`: parts of the search it was begun from that a rule cannot hold. */
function RuleForm({ id, first, left = '' }: { id: string; first: Draft; left?: string }): ReactNode {
  const go = useGo();
  const [draft, setDraft] = useState(first);
  const creating = useAct(createRule, [listRules]);
  const updating = useAct(updateRule, [listRules, getRule, previewRule]);
  const saving = id === '' ? creating : updating;
  const { error: previewError } = usePreview(draft, 6);
  // The server reads the draft while it is written: its faults stand at their fields before anything is saved.
  const problem = saving.error ?? (previewError?.status === 422 ? previewError : null);
  const change = (part: Partial<Draft>) => {
    saving.reset();
    setDraft((old) => ({ ...old, ...part }));
  };
  const save = async () => {
    const body = valuesOf(draft);
    const kept =
      id === '' ? await creating.mutateAsync({ body }) : await updating.mutateAsync({ params: { id }, body });
    go(`/rules/${kept.id}`, { source: '', q: '', where: '', left: '' });
  };
  return (
    <div className="page">
      <div className="page-head">
        <h1>{id === '' ? 'New rule' : `Change ${first.name}`}</h1>
      </div>
      <div className="rule-split">
        <form
          className="rule-form"
          onSubmit={(event) => {
            event.preventDefault();
            void save().catch(() => undefined);
          }}
        >
          {left !== '' && (
            <p className="muted" role="note">
              Not taken over from the search: <code>{left}</code>. It is about issues as a whole; this rule counts
              single errors. To hear of new issues or such that come back, watch Issues.
            </p>
          )}
          <ConditionFields draft={draft} change={change} problem={problem} />
          <TellingFields draft={draft} change={change} problem={problem} />
          <FormProblem
            problem={saving.error}
            known={Object.keys(saving.error?.fields ?? {}).filter((field) => shownFields.has(field))}
          />
          <div className="row">
            <Button type="submit" loading={saving.isPending}>
              {id === '' ? 'Create the rule' : 'Save the rule'}
            </Button>
            <Button
              variant="default"
              onClick={() => go(id === '' ? '/rules' : `/rules/${id}`, { source: '', q: '', where: '', left: '' })}
            >
              Cancel
            </Button>
          </div>
        </form>
        <section className="panel rule-part rule-aside" aria-label="Preview">
          <h2>Preview</h2>
          <RulePreview draft={draft} />
        </section>
      </div>
    </div>
  );
}

/** Faults of these stand at their field. */
const shownFields: ReadonlySet<string> = new Set([
  'name',
  'labels',
  'settings.source.query',
  'settings.source.of',
  'settings.source.field',
  'settings.source.metrics',
  'settings.query',
  'settings.words',
  'settings.where',
  'settings.by',
  'settings.threshold',
  'settings.lookbackMs',
]);
