import { type Message, utc } from '../../notify/message.ts';

/** Subject and both parts. No pictures, no style sheet: readable in every client, and on a watch. */
export function emailContent(message: Message): { subject: string; text: string; html: string } {
  const facts = factRows(message);
  const paragraphs = [message.news, ...message.lines, message.note, message.next].filter((text) => text !== '');
  const text = [
    message.headline,
    '',
    ...paragraphs,
    '',
    ...facts.map(([name, value]) => `${name}: ${value}`),
    '',
    message.link,
    '',
  ].join('\n');
  const html = [
    '<!doctype html><html><body style="font-family:sans-serif;font-size:14px;line-height:1.4">',
    `<p><strong>${escape(message.headline)}</strong></p>`,
    ...paragraphs.map((line) => `<p>${escape(line)}</p>`),
    facts.length === 0
      ? ''
      : `<table>${facts.map(([name, value]) => `<tr><td style="padding-right:12px">${escape(name)}</td><td>${linked(value)}</td></tr>`).join('')}</table>`,
    `<p><a href="${escape(message.link)}">${message.incident ? 'Open the incident' : message.kind === 'assigned' ? 'Open the issue' : 'Open Sightline'}</a></p>`,
    '</body></html>',
  ].join('\n');
  return { subject: oneLine(message.headline), text, html };
}

function factRows({ incident }: Message): [string, string][] {
  if (!incident) return [];
  const { severity, site, siteName, openedAt, assignee, acknowledgedBy, runbook, findings } = incident;
  const rows: [string, string][] = [['Severity', severity]];
  if (site !== '') rows.push(['Site', siteName !== '' && siteName !== site ? `${site} (${siteName})` : site]);
  rows.push(['Since', utc(openedAt)]);
  if (assignee || acknowledgedBy) rows.push(['Who has it', assignee || acknowledgedBy]);
  const signals = findings.find(({ link }) => link !== '');
  if (signals) rows.push(['Signals', signals.link]);
  if (runbook !== '') rows.push(['Runbook', runbook]);
  return rows;
}

function oneLine(text: string): string {
  // No header line may hold a line break or control character, whatever an alert's label says.
  return text
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

function linked(value: string): string {
  const safe = escape(value);
  return /^https?:\/\/\S+$/.test(value) ? `<a href="${safe}">${safe}</a>` : safe;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
