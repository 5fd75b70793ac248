import { getIssue, listIssues, mergeIssues, type IssueChange, type IssueRow } from '@sightline/contract';
import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconChevronDown } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { tellProblem } from '../../components/tell-problem.ts';
import type { Chosen } from '../../components/use-chosen.ts';
import { useAct } from '../../data/ask.ts';
import { BulkBar } from '../../records/bulk-bar.tsx';
import { IssueActs } from './issue-acts.tsx';

const priorities = [
  ['high', 'High'],
  ['medium', 'Medium'],
  ['low', 'Low'],
  ['', 'By the issue itself'],
] as const;

interface Props {
  readonly chosen: Chosen<IssueRow>;
  readonly busy: boolean;
  readonly act: (change: IssueChange) => void;
}

/** What can be made of the issues that are chosen. */
export function IssueBulkBar({ chosen, busy, act }: Props): ReactNode {
  const { rows } = chosen;
  const merge = useAct(mergeIssues, [listIssues, getIssue]);
  const mergeAll = (): void => {
    const [into, ...others] = rows.toSorted((a, b) => a.firstSeenAt - b.firstSeenAt);
    if (into === undefined) return;
    merge.mutate(
      { params: { issue: into.issue }, body: { issues: others.map(({ issue }) => issue) } },
      {
        onError: tellProblem,
        onSuccess: () => {
          chosen.clear();
          notifications.show({
            message: `${rows.length} issues are one now, the oldest. Its page takes them out again.`,
          });
        },
      },
    );
  };
  return (
    <BulkBar
      what="issues"
      chosen={chosen}
      busy={busy}
      onAssign={(assignee) => act({ assignee })}
      acts={
        <IssueActs
          open={rows.some(isOpen)}
          closed={rows.some((issue) => !isOpen(issue))}
          busy={busy}
          release={rows.length === 1 ? (rows[0]?.lastRelease ?? '') : ''}
          act={act}
        />
      }
      more={
        <>
          <Menu position="bottom-start" width={180}>
            <Menu.Target>
              <Button variant="default" disabled={busy} rightSection={<IconChevronDown size={14} />}>
                Priority
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {priorities.map(([priority, label]) => (
                <Menu.Item key={priority} onClick={() => act({ priority })}>
                  {label}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          {rows.length > 1 && (
            <Button variant="default" disabled={merge.isPending} onClick={mergeAll}>
              Merge
            </Button>
          )}
        </>
      }
    />
  );
}

function isOpen({ status }: IssueRow): boolean {
  return status === 'unresolved' || status === 'regressed';
}
