import { formatDuration } from '@sightline/base';
import { issueSearchFault } from '@sightline/query';
import { z } from 'zod';
import { groupValues } from '../../rules/questions.ts';
import { pageLink } from '../../rules/words.ts';
import { defineRuleType } from '../define-rule-type.ts';

const minuteMs = 60_000;

export const issuesSettings = z.object({
  /** First seen in the window, come back in it after it was resolved, or with many times its usual events. */
  what: z.enum(['new', 'regressed', 'spiking']),
  /** In the search language of the issue list: `site:STORE_0* level:fatal priority:high`. */
  query: z.string().max(4000).default(''),
  windowMs: z
    .number()
    .int()
    .min(minuteMs)
    .max(1440 * minuteMs)
    .default(10 * minuteMs),
  /** Fewer events than this are not told. */
  least: z.number().int().min(1).max(1_000_000).default(1),
  /** With `spiking`: so many times as many events as in a usual window of the day before. */
  times: z.number().min(1).max(1000).default(5),
});
type IssuesSettings = z.output<typeof issuesSettings>;

const words: Readonly<Record<IssuesSettings['what'], string>> = {
  new: 'never seen before',
  regressed: 'back after it was resolved',
  spiking: 'many more than usual',
};

/** Issues that are new, came back, or spike: one group an issue. */
export const issuesRule = defineRuleType<IssuesSettings>({
  name: 'issues',
  title: 'Issues',
  description: 'Finds errors that are new, came back after they were resolved, or come far more often than usual.',
  settings: issuesSettings,
  check: ({ query }) => {
    const fault = issueSearchFault(query);
    return fault
      ? [
          {
            field: 'query',
            message: `At character ${fault.position.from + 1}: ${fault.message}.`,
            position: fault.position,
          },
        ]
      : [];
  },
  questions: ({ what, query, windowMs, least, times }) => [{ kind: 'issues', what, query, windowMs, least, times }],
  judge: (_, [answer]) =>
    [...(answer?.values ?? [])].map(([group, value]) => {
      const [issue = '', type = '', service = ''] = groupValues(group);
      const labels = { issue, error: type, service };
      const named = Object.entries(labels).filter(([, text]) => text !== '');
      return { labels: Object.fromEntries(named), value, holds: true, keeps: true };
    }),
  limit: ({ least }) => ({ threshold: least, operator: '>=', unit: '' }),
  summary: ({ what, windowMs, least }, { value }) =>
    `${value} ${value === 1 ? 'event' : 'events'} in ${formatDuration(windowMs)}, ${words[what]}, limit ${least}`,
  link: (_, { issue = '' }, { fromMs, toMs }) =>
    pageLink(issue === '' ? '/errors' : `/errors/${issue}`, { from: String(fromMs), to: String(toMs) }),
  windowMs: (settings) => settings.windowMs,
});
