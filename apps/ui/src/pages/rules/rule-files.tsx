import { Button } from '@mantine/core';
import {
  deleteRuleFile,
  listFileRuleGroups,
  listRuleFiles,
  type FileRule,
  type FileRuleGroup,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { formatBytes, formatDuration } from '../../charts/number-format.ts';
import { Confirm } from '../../components/confirm.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { counted } from '../../components/number-text.ts';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { ToneBadge, type Tone } from '../../components/state-badge.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { useMe } from '../../data/session.tsx';
import { Go } from '../../shell/go.tsx';
import { RuleFileForm } from './rule-file-form.tsx';

type KeptFile = Reply<typeof listRuleFiles>['files'][number];

/** Rule files of Prometheus and of Loki's ruler, kept here or lying on the server's disk, with the state of each of their rules. */
export function RuleFiles(): ReactNode {
  const me = useMe();
  const files = useAsk(listRuleFiles, {}, { everyMs: 10_000 });
  const groups = useAsk(listFileRuleGroups, {}, { everyMs: 10_000 });
  /** The file in the form; '' is a new one. */
  const [editing, setEditing] = useState<string>();
  const fault = files.error ?? groups.error;
  if (files.data === undefined || groups.data === undefined) {
    if (fault === null) return <SkeletonRows rows={8} />;
    return <ErrorState error={fault} again={() => void Promise.all([files.refetch(), groups.refetch()])} />;
  }
  const kept = new Map(files.data.files.map((file) => [file.name, file]));
  const byFile = Map.groupBy(groups.data.groups, ({ file }) => file);
  const names = [...new Set([...kept.keys(), ...byFile.keys()])].toSorted((a, b) => a.localeCompare(b));
  const add = me.may('admin') && <Button onClick={() => setEditing('')}>Add a rule file</Button>;
  if (editing !== undefined)
    return <RuleFileForm key={editing} name={editing} taken={names} onClose={() => setEditing(undefined)} />;
  return (
    <div className="stack">
      <div className="row">
        <p className="muted grow">
          Rule files of Prometheus, and of Loki over logs, as they are: recording rules write their series here, alerts
          become incidents.
        </p>
        {names.length > 0 && add}
      </div>
      {!groups.data.evaluated && (
        <p className="muted">
          This server evaluates no rule files; the state of their rules is known where the role detect runs.
        </p>
      )}
      {names.length === 0 && (
        <EmptyState
          compact
          title="No rule files yet"
          text="Add one that Prometheus or Loki runs today, send rule groups with lokitool, or start the server with --rules and a folder."
          action={add}
        />
      )}
      {names.map((name) => (
        <FileOfRules
          key={name}
          name={name}
          kept={kept.get(name)}
          groups={byFile.get(name) ?? []}
          onEdit={() => setEditing(name)}
        />
      ))}
      {groups.data.omitted > 0 && (
        <p className="muted">{counted(groups.data.omitted, 'more group is', 'more groups are')} not shown.</p>
      )}
    </div>
  );
}

function FileOfRules(props: {
  name: string;
  kept: KeptFile | undefined;
  groups: readonly FileRuleGroup[];
  onEdit: () => void;
}): ReactNode {
  const { name, kept, groups, onEdit } = props;
  const me = useMe();
  const remove = useAct(deleteRuleFile, [listRuleFiles, listFileRuleGroups]);
  return (
    <section className="panel" aria-label={name}>
      <div className="panel-head">
        <h2 className="code">{name}</h2>
        <span className="muted grow">
          {kept === undefined ? (
            'on the disk of the server'
          ) : (
            <>
              {formatBytes(kept.sizeBytes)}, {kept.updatedBy}, <TimeText at={kept.updatedAt} show="relative" />
            </>
          )}
        </span>
        {kept !== undefined && (
          <Button variant="default" size="xs" onClick={onEdit}>
            {me.may('admin') ? 'Change' : 'Show'}
          </Button>
        )}
        {kept !== undefined && me.may('admin') && (
          <Confirm
            verb="Delete"
            title={`Delete the rule file ${name}`}
            text="Its alerts are over and its recording rules write nothing more. What they wrote stays."
            harmful
            button={{ size: 'xs', variant: 'subtle' }}
            act={() => remove.mutateAsync({ params: { name } })}
          />
        )}
      </div>
      {groups.length === 0 && <p className="muted rule-part">Taken up with the next evaluation.</p>}
      {groups.map((group) => (
        <details key={group.name} className="rule-group" open={groups.length === 1 || group.rules.some(isLoud)}>
          <summary>
            <strong>{group.name}</strong>{' '}
            <span className="muted">
              {counted(group.rules.length, 'rule')}, every {formatDuration(group.intervalMs)},{' '}
              {group.lastEvaluationAt === null ? (
                'not run yet'
              ) : (
                <>
                  took {formatDuration(group.evaluationMs)}, <TimeText at={group.lastEvaluationAt} show="relative" />
                </>
              )}
            </span>
          </summary>
          <ul>
            {group.rules.map((rule, at) => (
              // oxlint-disable-next-line react/no-array-index-key -- a group may have two rules of one name
              <RuleLine key={`${rule.name} ${at}`} rule={rule} language={group.language} />
            ))}
          </ul>
        </details>
      ))}
    </section>
  );
}

const isLoud = (rule: FileRule): boolean =>
  rule.state === 'firing' || rule.state === 'pending' || rule.health === 'err';

function stateOf(rule: FileRule): readonly [tone: Tone, word: string] {
  if (rule.health === 'err') return ['warn', 'cannot be evaluated'];
  if (rule.state === 'firing') return ['bad', `fires ${rule.alertCount} ×`];
  if (rule.state === 'pending') return ['warn', 'pending'];
  if (rule.health === 'unknown') return ['idle', 'not run yet'];
  return ['good', rule.type === 'recording' ? 'records' : 'quiet'];
}

function RuleLine({ rule, language }: { rule: FileRule; language: FileRuleGroup['language'] }): ReactNode {
  const [tone, word] = stateOf(rule);
  return (
    <li className="file-rule">
      <div className="row">
        <span className="file-rule-state">
          <ToneBadge tone={tone}>{word}</ToneBadge>
        </span>
        <strong>{rule.name}</strong>
        {language === 'logql' ? (
          <Go className="code file-rule-expression" to="/logs" search={{ mode: 'logql', q: rule.expression }}>
            {rule.expression}
          </Go>
        ) : (
          <Go className="code file-rule-expression" to="/metrics" search={{ mode: 'promql', expr: rule.expression }}>
            {rule.expression}
          </Go>
        )}
      </div>
      {rule.lastError !== '' && <p className="rule-fault">{rule.lastError}</p>}
      {rule.alerts.length > 0 && (
        <ul className="file-alerts">
          {rule.alerts.map((alert) => (
            <li key={JSON.stringify(alert.labels)}>
              <span className="code">{labelsText(alert.labels)}</span>{' '}
              <span className="muted">
                {alert.state} since <TimeText at={alert.since} show="relative" />
              </span>
            </li>
          ))}
          {rule.alertCount > rule.alerts.length && (
            <li className="muted">and {rule.alertCount - rule.alerts.length} more</li>
          )}
        </ul>
      )}
    </li>
  );
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .filter(([name]) => name !== 'alertname')
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(' ');
}
