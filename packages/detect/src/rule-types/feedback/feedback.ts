import { formatDuration } from '@sightline/base';
import { z } from 'zod';
import { groupValues } from '../../rules/questions.ts';
import { pageLink } from '../../rules/words.ts';
import { defineRuleType } from '../define-rule-type.ts';

const minuteMs = 60_000;
const named = z.string().max(200).default('');

export const feedbackSettings = z.object({
  /** As in the inbox: words that all stand in the message, the name, the address or the page. */
  words: z.string().max(200).default(''),
  /** Only of these; '' for all. */
  where: z.strictObject({ site: named, service: named, environment: named }).prefault({}),
  /** A message is told for so long after it was written, unless somebody deals with it before. */
  windowMs: z
    .number()
    .int()
    .min(minuteMs)
    .max(1440 * minuteMs)
    .default(10 * minuteMs),
});
type FeedbackSettings = z.output<typeof feedbackSettings>;

/** What people wrote that nobody dealt with yet: one group a message. */
export const feedbackRule = defineRuleType<FeedbackSettings>({
  name: 'feedback',
  title: 'User feedback',
  description: 'Finds what people wrote through a feedback form, until somebody resolves it or marks it as spam.',
  settings: feedbackSettings,
  check: () => [],
  questions: ({ words, where, windowMs }) => [{ kind: 'feedback', words, ...where, windowMs }],
  judge: (_, [answer]) =>
    [...(answer?.values ?? [])].map(([group, value]) => {
      const [feedback = '', site = '', service = ''] = groupValues(group);
      const labels = Object.entries({ feedback, site, service }).filter(([, text]) => text !== '');
      const detail = answer?.details?.get(group);
      return {
        labels: Object.fromEntries(labels),
        value,
        holds: true,
        keeps: true,
        ...(detail !== undefined && { detail }),
      };
    }),
  limit: () => ({ threshold: 1, operator: '>=', unit: '' }),
  summary: ({ windowMs }, { detail }) => detail ?? `A message of the last ${formatDuration(windowMs)}`,
  link: (_, { feedback = '' }, { fromMs, toMs }) =>
    pageLink('/feedback', { status: 'all', feedback, from: String(fromMs), to: String(toMs) }),
  windowMs: (settings) => settings.windowMs,
});
