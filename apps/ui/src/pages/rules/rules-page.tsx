import { Button, Switch, TextInput } from '@mantine/core';
import { enableRule, listRules, type Rule } from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { counted } from '../../components/number-text.ts';
import { ScrollX } from '../../components/scroll-x.tsx';
import { useFirstRows } from '../../components/first-rows.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { Tabs } from '../../components/tabs.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { Go, useGo } from '../../shell/go.tsx';
import { usePageTitle } from '../../shell/page-title.ts';
import { RuleFiles } from './rule-files.tsx';
import { RuleState, SeverityWord } from './rule-words.tsx';
import './rules.css';

const worst: Readonly<Record<Rule['severity'], number>> = { critical: 0, high: 1, medium: 2, low: 3 };

/** Rules made here, and rule files of Prometheus and Loki. */
export default function RulesPage(): ReactNode {
  usePageTitle('Rules');
  return (
    <div className="page">
      <h1>Rules</h1>
      <Tabs
        label="Rules"
        tabs={[
          { name: 'rules', title: 'Rules', content: <RuleList /> },
          { name: 'files', title: 'Rule files', content: <RuleFiles /> },
        ]}
      />
    </div>
  );
}

/** All rules: what fires first, then what cannot be evaluated, then by name. The words to find stand in the address. */
function RuleList(): ReactNode {
  const me = useMe();
  const go = useGo();
  const { search, setSearch } = useAddress();
  const asked = useAsk(listRules, {}, { everyMs: 10_000 });
  const switching = useAct(enableRule, [listRules]);
  const [text, setText] = useState(search['find'] ?? '');
  const add = me.may('admin') && <Button onClick={() => go('/rules/new')}>New rule</Button>;
  const rules = asked.data?.rules ?? [];
  const words = text
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const found = rules
    .filter((rule) =>
      words.every((word) => `${rule.name} ${rule.description} ${rule.severity}`.toLowerCase().includes(word)),
    )
    .toSorted(
      (a, b) =>
        Number(b.firing > 0) - Number(a.firing > 0) ||
        (a.firing > 0 ? worst[a.severity] - worst[b.severity] : 0) ||
        Number(b.lastError !== '') - Number(a.lastError !== '') ||
        a.name.localeCompare(b.name),
    );
  const { first, rest } = useFirstRows(found, { atOnce: 500, one: 'rule', hint: '; type a part of the name, or' });
  const firing = rules.filter((rule) => rule.firing > 0).length;
  return (
    <div className="stack">
      <div className="page-head">
        {asked.data !== undefined && (
          <span className="muted">
            {counted(rules.length, 'rule')},{' '}
            {firing === 0 ? 'none fires' : firing === 1 ? 'one fires' : `${firing} fire`}
          </span>
        )}
        <span className="grow" />
        <Go to="/alerting">Alerting: who is told</Go>
        <TextInput
          aria-label="Find a rule"
          placeholder="Find a rule"
          data-page-search
          value={text}
          maxLength={200}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setSearch({ find: event.currentTarget.value });
          }}
        />
        {add}
      </div>
      <FormProblem problem={switching.error} known={[]} />
      {asked.data === undefined && asked.error === null && <SkeletonRows rows={11} />}
      {asked.error !== null && asked.data === undefined && (
        <ErrorState error={asked.error} again={() => void asked.refetch()} />
      )}
      {asked.data !== undefined && found.length === 0 && (
        <EmptyState
          compact
          title={rules.length === 0 ? 'No rules yet' : 'No rule is called so'}
          text={
            rules.length === 0
              ? 'A rule watches logs, traces, errors or metrics, and says when a limit is crossed or something falls silent.'
              : 'Names, descriptions and severities are searched.'
          }
          action={rules.length === 0 ? add : undefined}
        />
      )}
      {found.length > 0 && (
        <section className="panel" aria-label="Rules">
          <ScrollX label="Table of rules">
            <table className="table one-line rules-table stacks">
              <thead>
                <tr>
                  <th>State</th>
                  <th>Rule</th>
                  <th>Severity</th>
                  <th>Limit</th>
                  <th className="number">Firing</th>
                  <th>Last run</th>
                  <th>On</th>
                </tr>
              </thead>
              <tbody>
                {first.map((rule) => (
                  <tr key={rule.id}>
                    <td>
                      <RuleState rule={rule} />
                    </td>
                    <td className="row-name">
                      <Go to={`/rules/${rule.id}`}>{rule.name}</Go>
                      {rule.lastError !== '' && rule.enabled && (
                        <span className="rule-fault" title={rule.lastError}>
                          {rule.lastError}
                        </span>
                      )}
                    </td>
                    <td data-title="Severity">
                      <SeverityWord severity={rule.severity} />
                    </td>
                    <td className="muted" data-title="Limit">
                      {rule.limit}
                    </td>
                    <td className="number" data-title="Firing">
                      {rule.firing > 0 ? rule.firing : ''}
                    </td>
                    <td data-title="Last run">
                      {rule.lastRunAt === null ? (
                        <span className="muted">not yet</span>
                      ) : (
                        <TimeText at={rule.lastRunAt} show="relative" />
                      )}
                    </td>
                    <td data-title="On">
                      <Switch
                        size="xs"
                        aria-label={`${rule.name} is on`}
                        checked={rule.enabled}
                        disabled={!me.may('admin') || switching.isPending}
                        onChange={(event) =>
                          switching.mutate({ params: { id: rule.id }, body: { enabled: event.currentTarget.checked } })
                        }
                      />
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollX>
        </section>
      )}
      {rest}
    </div>
  );
}
