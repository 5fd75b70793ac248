import type { ReactNode } from 'react';
import { formatCount } from '../../../charts/number-format.ts';
import { ScrollX } from '../../../components/scroll-x.tsx';
import { daysText, type Run } from './backfill.tsx';

const countsShown = 100;
const rowsText = (n: number): string => `${formatCount(n)} row${n === 1 ? '' : 's'}`;

/** What a preview found, or a run removed: counts, masked examples, and what it does not reach. */
export function BackfillResult({ run }: { run: Run }): ReactNode {
  const preview = run.kind === 'preview';
  const verb = preview ? 'would change' : 'changed';
  const state = run.state === 'done' ? '' : ` It was ${run.state} before its end. ${run.detail}`;
  return (
    <div className="scrub-result" aria-live="polite">
      <p>
        {preview ? 'Preview' : 'Run'} of {daysText(run)}: {rowsText(run.rowsSeen)} looked at,{' '}
        <strong>
          {run.rowsChanged === 0 ? 'none' : rowsText(run.rowsChanged)} {verb}
        </strong>
        .{state}
      </p>
      {run.rowsHeld > 0 && (
        <p className="scrub-note">
          {rowsText(run.rowsHeld)} {preview ? 'stay' : 'stayed'} as they are because of a legal hold. Lift it, then
          scrub again.
        </p>
      )}
      {run.stays.length > 0 && (
        <p className="scrub-note">
          Not rewritten: {run.stays.map(({ what, n }) => `${n.toLocaleString('en-US')} ${what}`).join(', ')}.
        </p>
      )}
      {run.archivedDays.length > 0 && (
        <p className="scrub-note">
          The archive still holds {rowsText(run.archivedDays.reduce((sum, { rows }) => sum + rows, 0))} of them as they
          were, on {archivedText(run)}. Its files are sealed: they go when the days of their class are over, or when its
          keys are destroyed.
        </p>
      )}
      {run.counts.length > 0 && (
        <ScrollX label="Table of what was found">
          <table className="table one-line">
            <thead>
              <tr>
                <th>Detector or rule</th>
                <th className="number">{preview ? 'To remove' : 'Removed'}</th>
                <th>Service</th>
                <th>Site</th>
                <th>In</th>
              </tr>
            </thead>
            <tbody>
              {run.counts.slice(0, countsShown).map((row) => (
                <tr key={`${row.rule} ${row.service} ${row.site} ${row.signal}`}>
                  <td>{row.rule}</td>
                  <td className="number">{row.removed.toLocaleString('en-US')}</td>
                  <td>{row.service || <span className="muted">no service</span>}</td>
                  <td>{row.site || <span className="muted">no site</span>}</td>
                  <td className="muted">{row.signal}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </ScrollX>
      )}
      {run.examples.length > 0 && (
        <details>
          <summary>Examples, as they become</summary>
          <ul className="scrub-examples">
            {run.examples.map(({ rule, signal, text }) => (
              <li key={`${rule} ${signal} ${text}`}>
                <span className="muted">
                  {rule} in {signal}
                </span>
                <code>{text}</code>
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function archivedText({ archivedDays }: Run): string {
  const first = archivedDays[0]?.day ?? '';
  const last = archivedDays.at(-1)?.day ?? '';
  return archivedDays.length <= 3
    ? archivedDays.map(({ day }) => day).join(', ')
    : `${archivedDays.length} days of receipt from ${first} to ${last}`;
}
