import { getIssueTag, type getIssue } from '@sightline/contract';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatCount, formatShare } from '../../charts/number-format.ts';
import { Drawer } from '../../components/drawer.tsx';
import { ErrorState } from '../../components/error-state.tsx';
import { SkeletonRows } from '../../components/skeleton.tsx';
import { TimeText } from '../../components/time-text.tsx';
import { useAddress } from '../../data/address.ts';
import { useAsk } from '../../data/ask.ts';
import type { Reply } from '../../data/call.ts';
import { addFilter, hasFilter, removeFilter, writeFilter } from '../../search/query-edit.ts';
import { Go } from '../../shell/go.tsx';
import './errors.css';
import { tagFilterField, tagShares, type TagShare } from './tag-filter.ts';

type Answer = Reply<typeof getIssue>;

const shownValues = 5;

/** How the events that match spread over their tags. A press on a value keeps the events of this issue that have it. */
export function TagShares({ answer }: { answer: Answer }): ReactNode {
  const { tags, tagsOver, matching, kept } = answer;
  const { search, setSearch } = useAddress();
  const open = search['tag'] ?? '';
  const what = `${matching === 1 ? 'event' : 'events'}${matching < kept ? ` that ${matching === 1 ? 'matches' : 'match'}` : ''}`;
  return (
    <>
      <p className="muted">
        {tagsOver < matching
          ? `Shares of the newest ${tagsOver.toLocaleString('en-US')} of ${formatCount(matching)} ${what}.`
          : `Shares of ${formatCount(matching)} ${what}.`}
      </p>
      <div className="tag-shares">
        {tags.map((tag) => (
          <section key={tag.tag} aria-label={tag.tag}>
            <h3>{tag.tag}</h3>
            {tagShares(tag, tagsOver, shownValues).map((share) => (
              <Share key={`${share.kind} ${share.value}`} tag={tag.tag} share={share} distinct={tag.distinct} />
            ))}
            {tag.distinct > shownValues + 1 && (
              <Button variant="subtle" onClick={() => setSearch({ tag: tag.tag }, { push: true })}>
                All {formatCount(tag.distinct)} values
              </Button>
            )}
          </section>
        ))}
      </div>
      {open !== '' && <TagDrawer issue={answer.issue.issue} tag={open} q={search['q'] ?? ''} />}
    </>
  );
}

function Share({ tag, share, distinct }: { tag: string; share: TagShare; distinct: number }): ReactNode {
  return (
    <div className="tag-share" title={`${share.events.toLocaleString('en-US')} events`}>
      <span
        className="tag-fill"
        data-rest={share.kind === 'value' ? undefined : ''}
        style={{ width: `${share.share * 100}%` }}
      />
      {share.kind === 'value' ? (
        <TagValue tag={tag} value={share.value} />
      ) : (
        <span className="tag-value muted">
          {share.kind === 'none' ? 'not set' : `other (${formatCount(distinct - shownValues)} values)`}
        </span>
      )}
      <span className="muted">{formatShare(share.share)}</span>
    </div>
  );
}

/** A value to press: the events with it, or all again. */
function TagValue({ tag, value }: { tag: string; value: string }): ReactNode {
  const { search, setSearch } = useAddress();
  const field = tagFilterField(tag);
  if (field === undefined) return <span className="tag-value">{value}</span>;
  const q = search['q'] ?? '';
  const on = hasFilter(q, field, value);
  const next = on ? removeFilter(q, field, value) : addFilter(q, field, value);
  return (
    <button
      type="button"
      className="tag-value"
      aria-pressed={on}
      title={on ? 'Show all events again' : `Events of this issue with ${tag} ${value}`}
      onClick={() => setSearch({ q: next, event: '', tag: '' }, { push: true })}
    >
      {value}
    </button>
  );
}

/** All values of one tag. */
function TagDrawer({ issue, tag, q }: { issue: string; tag: string; q: string }): ReactNode {
  const { setSearch } = useAddress();
  const asked = useAsk(getIssueTag, { params: { issue }, query: { tag, q } }, { keepOld: false });
  const found = asked.data;
  const field = tagFilterField(tag);
  return (
    <Drawer title={`Values of ${tag}`} label={`Values of ${tag}`} onClose={() => setSearch({ tag: '' })} width={620}>
      {asked.isPending && <SkeletonRows rows={10} />}
      {asked.error !== null && <ErrorState error={asked.error} again={() => void asked.refetch()} />}
      {found !== undefined && (
        <>
          <p className="muted">
            {formatCount(found.distinct)} {found.distinct === 1 ? 'value' : 'values'} in the newest{' '}
            {found.over.toLocaleString('en-US')} events, {found.events.toLocaleString('en-US')} of which carry it.
            {found.values.length < found.distinct && ` The commonest ${found.values.length} are listed.`}
          </p>
          <div className="event-list all-values">
            <table>
              <thead>
                <tr>
                  <th scope="col">Value</th>
                  <th scope="col">Events</th>
                  <th scope="col">Share</th>
                  <th scope="col">Last seen</th>
                  <th scope="col">Elsewhere</th>
                </tr>
              </thead>
              <tbody>
                {found.values.map(({ value, events, lastSeenAt }) => (
                  <tr key={value}>
                    <td className="cut">
                      <TagValue tag={tag} value={value} />
                    </td>
                    <td>{events.toLocaleString('en-US')}</td>
                    <td>{formatShare(found.over > 0 ? events / found.over : 0)}</td>
                    <td>
                      <TimeText at={lastSeenAt} show="relative" />
                    </td>
                    <td>
                      {field !== undefined && (
                        <Go to="/errors" search={{ q: writeFilter(field, value, false), status: 'all' }}>
                          Issues with it
                        </Go>
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </Drawer>
  );
}
