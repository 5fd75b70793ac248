import { type Message, utc } from '../../notify/message.ts';

type Block = Readonly<Record<string, unknown>>;

const marks = {
  critical: ':red_circle:',
  high: ':large_orange_circle:',
  medium: ':large_yellow_circle:',
  low: ':white_circle:',
};
/** Block Kit's limits: header 150, section 3,000, field 2,000, button 75 characters. */
const headerLimit = 150;
const sectionLimit = 2900;
const fieldLimit = 1900;
const addressLimit = 3000;

/** The message in Block Kit, with a text for notifications and clients that show no blocks. */
export function slackBody(message: Message, mention: string): { text: string; blocks: Block[]; unfurl_links: false } {
  const { incident, headline, news, lines, next, note } = message;
  const alarming = incident?.severity === 'critical' && !['acknowledged', 'resolved'].includes(message.kind);
  const called = alarming && mention !== '' ? `${mention} ` : '';
  const facts = incident ? factFields(message) : [];
  const text = [news, ...lines.map((line) => `• ${line}`)].filter(Boolean).map(escape).join('\n');
  const small = [note, next].filter(Boolean).map(escape).join('\n');
  return {
    text: `${called}${mark(message)} ${escape(headline)}`.trim(),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(headline, headerLimit), emoji: false } },
      ...(text === '' && called === ''
        ? []
        : [section(`${called}${mark(message)} ${text === '' ? escape(headline) : text}`.trim())]),
      ...(facts.length === 0 ? [] : [{ type: 'section', fields: facts }]),
      ...(small === '' ? [] : [{ type: 'context', elements: [{ type: 'mrkdwn', text: cut(small, sectionLimit) }] }]),
      { type: 'actions', elements: buttons(message) },
    ],
    unfurl_links: false,
  };
}

function mark({ kind, incident }: Message): string {
  if (incident === null) return ':large_blue_circle:';
  if (kind === 'resolved' || incident.status === 'resolved') return ':white_check_mark:';
  if (kind === 'acknowledged') return ':eyes:';
  return marks[incident.severity];
}

function factFields({ incident }: Message): Block[] {
  if (!incident) return [];
  const { site, siteName, openedAt, severity, assignee, acknowledgedBy } = incident;
  const place = siteName !== '' && siteName !== site ? `${site} (${siteName})` : site;
  const facts: [string, string][] = [['Severity', severity]];
  if (site !== '') facts.push(['Site', escape(place)]);
  // Slack shows the reader's own time.
  facts.push(['Since', `<!date^${Math.floor(openedAt / 1000)}^{date_short_pretty} {time_secs}|${utc(openedAt)}>`]);
  const holder = assignee || acknowledgedBy;
  if (holder !== '') facts.push(['Who has it', escape(holder)]);
  return facts.map(([name, value]) => ({ type: 'mrkdwn', text: cut(`*${name}*\n${value}`, fieldLimit) }));
}

function buttons({ incident, link }: Message): Block[] {
  const open = button(incident ? 'Open the incident' : 'Open Sightline', link, 'open');
  const evidence = webAddress(incident?.findings.find((finding) => finding.link !== '')?.link ?? '');
  const runbook = webAddress(incident?.runbook ?? '');
  return [
    { ...open, style: 'primary' },
    ...(evidence === '' ? [] : [button('Show the signals', evidence, 'signals')]),
    ...(runbook === '' ? [] : [button('Runbook', runbook, 'runbook')]),
  ];
}

function button(text: string, url: string, id: string): Block {
  return { type: 'button', text: { type: 'plain_text', text }, url, action_id: `sightline-${id}` };
}

/** Slack refuses the whole message for one address that is none, or is longer than it takes. */
function webAddress(text: string): string {
  const url = /^https?:/i.test(text) && URL.canParse(text) ? new URL(text).href : '';
  return url.length <= addressLimit ? url : '';
}

function section(text: string): Block {
  return { type: 'section', text: { type: 'mrkdwn', text: cut(text, sectionLimit) } };
}

/** Slack's three characters of markup (docs.slack.dev/messaging/formatting-message-text). */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1).toWellFormed()}…`;
}
