import type { EvidenceReport, EvidenceSection } from '@sightline/contract';

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const text = (value: string): string => value.replaceAll(/[&<>"']/g, (c) => escapes[c] ?? c);

/** The report as one document without scripts, to read and to print. */
export function evidenceHtml(report: EvidenceReport): string {
  const title = `Evidence for PCI DSS requirement 10: ${report.organisation}, ${report.from} to ${report.through}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(title)}</title>
<style>
body { font: 14px/1.45 system-ui, sans-serif; color: #16181d; background: #fff; margin: 32px auto; max-width: 960px; padding: 0 16px; }
h1 { font-size: 22px; } h2 { font-size: 17px; margin-top: 32px; border-top: 1px solid #cfd4dc; padding-top: 16px; } h3 { font-size: 14px; margin: 16px 0 4px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 3px 12px 3px 0; border-bottom: 1px solid #e3e6eb; vertical-align: top; overflow-wrap: anywhere; }
p, li { color: #434a56; } tr { break-inside: avoid; }
@media print { body { margin: 0; max-width: none; } }
</style>
</head>
<body>
<h1>${text(title)}</h1>
<p>Written ${text(new Date(report.writtenAt).toISOString())} by ${text(report.writtenBy)}, Sightline ${text(report.version)}. Figures of this installation by requirement
of PCI DSS 4.0.1; it claims no compliance. Days are in UTC.</p>
${report.sections.map(section).join('\n')}
</body>
</html>
`;
}

function section({ requirement, title, facts, tables, unknown }: EvidenceSection): string {
  return `<section>
<h2>${text(requirement)} ${text(title)}</h2>
<table><tbody>${facts.map(({ name, value }) => `<tr><th scope="row">${text(name)}</th><td>${text(value)}</td></tr>`).join('')}</tbody></table>
${tables.map(block).join('\n')}
<h3>Not known here</h3>
<ul>${unknown.map((sentence) => `<li>${text(sentence)}</li>`).join('')}</ul>
</section>`;
}

function block({ title, columns, rows, more }: EvidenceSection['tables'][number]): string {
  if (rows.length === 0) return `<h3>${text(title)}</h3>\n<p>None.</p>`;
  return `<h3>${text(title)}</h3>
<table><thead><tr>${columns.map((name) => `<th scope="col">${text(name)}</th>`).join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`).join('\n')}</tbody></table>
${more > 0 ? `<p>${more} more.</p>` : ''}`;
}
