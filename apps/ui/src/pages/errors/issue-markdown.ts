import { shortIssueId, type ErrorEvent, type IssueRow } from '@sightline/contract';
import { issueTitle } from '../../records/issue-title.ts';
import { frameText } from './fold-frames.ts';
import { statusWord } from './issue-words.ts';

const framesAtMost = 25;
const crumbsAtMost = 10;

/** An issue with one event of it as Markdown, for a ticket or a chat. `address` leads back to it. Texts of clients cannot end a block of code or begin a heading. */
export function issueMarkdown(issue: IssueRow, event: ErrorEvent, address: string): string {
  const facts: (readonly [string, string])[] = [
    ['Issue', `${shortIssueId(issue.issue)}, ${statusWord[issue.status]}, ${issue.priority} priority`],
    ['Seen', `${issue.eventsTotal} times, ${moment(issue.firstSeenAt)} to ${moment(issue.lastSeenAt)}`],
    ['Hit', `${issue.sites} sites, ${issue.users} users`],
    ['Releases', [...new Set([issue.firstRelease, issue.lastRelease])].filter((one) => one !== '').join(' to ')],
    ['Event', `${event.eventId}, ${moment(event.at)}`],
    ['Where', [event.site, event.device, event.service, event.environment].filter((one) => one !== '').join(', ')],
    ['Release', event.release],
    ['Transaction', event.transaction],
    ['Trace', event.traceId],
    ['Correlation id', event.correlationId],
    ...event.groups.flatMap(({ name, fields }) =>
      fields.map(({ label, value }) => [`${name} ${label.toLowerCase()}`, value] as const),
    ),
  ];
  const crumbs = event.breadcrumbs.slice(-crumbsAtMost).map(({ at, category, message, data }) => {
    const words = [at === null ? '' : moment(at), category, message, data];
    return oneLine(words.filter((word) => word !== '').join(' '));
  });
  return [
    `## ${text(issueTitle({ type: event.type, message: event.message }))}`,
    address,
    facts
      .filter(([, value]) => value !== '')
      .map(([name, value]) => `- **${text(name)}:** ${text(value)}`)
      .join('\n'),
    ...(event.exceptions.length === 0 ? [] : ['### Stack', code(stackLines(event).join('\n'))]),
    ...(crumbs.length === 0 ? [] : ['### What happened before', code(crumbs.join('\n'))]),
  ].join('\n\n');
}

function stackLines({ exceptions }: ErrorEvent): string[] {
  return exceptions.flatMap(({ type, value, frames }, at) => {
    const own = frames.filter(({ inApp }, place) => inApp || place === 0);
    const shown = own.slice(0, framesAtMost);
    const left = frames.length - shown.length;
    return [
      `${at === 0 ? '' : 'Caused by: '}${type}: ${value}`,
      ...shown.map((frame) => `    at ${frameText(frame)}`),
      ...(left > 0 ? [`    … ${left} more`] : []),
    ];
  });
}

const moment = (atMs: number): string => new Date(atMs).toISOString();
const oneLine = (given: string): string => given.replaceAll(/\s+/g, ' ').trim();

/** Plain text within Markdown. */
function text(given: string): string {
  return oneLine(given).replaceAll(/[\\`*_[\]<>#|]/g, '\\$&');
}

/** A block of code whose fence is longer than any in it. */
function code(given: string): string {
  const longest = Math.max(2, ...[...given.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${given}\n${fence}`;
}
