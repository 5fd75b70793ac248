import { Button } from '@mantine/core';
import {
  getDashboard,
  getDashboardVersion,
  listDashboards,
  listDashboardVersions,
  restoreDashboard,
  type Dashboard,
} from '@sightline/contract';
import { useState, type ReactNode } from 'react';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { FormProblem } from '../../components/form-problem.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAct, useAsk } from '../../data/ask.ts';
import { useMe } from '../../data/session.tsx';
import { lineDiff, withContext } from './line-diff.ts';

const linesAround = 3;

/** Who changed what, when and why; each version against the newest, and back to it with one press. */
export function VersionsDrawer({ dashboard, onClose }: { dashboard: Dashboard; onClose: () => void }): ReactNode {
  const me = useMe();
  const { id } = dashboard;
  const asked = useAsk(listDashboardVersions, { params: { id } });
  const restoring = useAct(restoreDashboard, [getDashboard, listDashboards, listDashboardVersions]);
  const [chosen, setChosen] = useState<number>();
  return (
    <Drawer title="Versions" label="Versions" width={760} onClose={onClose}>
      <div className="drawer-parts">
        <FormProblem problem={restoring.error} known={[]} />
        {asked.data === undefined &&
          (asked.error === null ? (
            <SkeletonRows rows={6} />
          ) : (
            <ErrorState error={asked.error} again={() => void asked.refetch()} />
          ))}
        {asked.data !== undefined && (
          <table className="table one-line stacks">
            <thead>
              <tr>
                <th>Version</th>
                <th>When</th>
                <th>Who</th>
                <th>What</th>
                <th>
                  <span className="only-read-aloud">Acts</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {asked.data.versions.map(({ version, at, author, message }) => (
                <tr key={version} aria-current={version === chosen ? 'true' : undefined}>
                  <td data-title="Version">{version === 0 ? 'shipped' : version}</td>
                  <td data-title="When">{at === null ? '' : <TimeText at={at} />}</td>
                  <td data-title="Who">{author}</td>
                  <td className="version-message row-name">{message}</td>
                  <td className="number">
                    {version === dashboard.version ? (
                      <span className="muted">shown</span>
                    ) : (
                      <span className="row version-acts">
                        <Button
                          variant="default"
                          size="compact-xs"
                          aria-expanded={version === chosen}
                          onClick={() => setChosen(version === chosen ? undefined : version)}
                        >
                          Compare
                        </Button>
                        {me.may('responder') && (
                          <Button
                            variant="default"
                            size="compact-xs"
                            loading={restoring.isPending && restoring.variables?.params?.version === version}
                            onClick={() =>
                              restoring.mutate({ params: { id, version }, body: { current: dashboard.version } })
                            }
                          >
                            Restore
                          </Button>
                        )}
                      </span>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {chosen !== undefined && <Difference dashboard={dashboard} version={chosen} />}
      </div>
    </Drawer>
  );
}

function Difference({ dashboard, version }: { dashboard: Dashboard; version: number }): ReactNode {
  const asked = useAsk(getDashboardVersion, { params: { id: dashboard.id, version } });
  if (asked.data === undefined)
    return asked.error === null ? <SkeletonRows rows={8} /> : <ErrorState error={asked.error} />;
  const json = (value: unknown): string => JSON.stringify(value, null, 2);
  const lines = withContext(lineDiff(json(asked.data.document), json(dashboard.document)), linesAround);
  const signs = { same: ' ', added: '+', removed: '-' } as const;
  return (
    <section aria-label={`From version ${version} to the one shown`}>
      <h3 className="part-title">
        From version {version === 0 ? 'as shipped' : version} to the one shown{' '}
        <span className="muted">− was, + is</span>
      </h3>
      {lines.length === 0 ? (
        <p className="muted">They are the same.</p>
      ) : (
        <pre className="diff">
          {lines.map((line, index) =>
            line === undefined ? (
              // oxlint-disable-next-line react/no-array-index-key -- lines have no name but their place
              <span key={index} className="muted">
                {'⋯\n'}
              </span>
            ) : (
              // oxlint-disable-next-line react/no-array-index-key -- lines have no name but their place
              <span key={index} data-kind={line.kind}>{`${signs[line.kind]} ${line.text}\n`}</span>
            ),
          )}
        </pre>
      )}
    </section>
  );
}
