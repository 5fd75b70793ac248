import { describe, expect, it } from 'vitest';
import { parseTemplate } from './parse-template.ts';
import { runTemplate } from './run-template.ts';
import { TemplateFailure, TemplateSample, type TemplateValue } from './template-value.ts';

const labels = new Map([
  ['instance', 'till-1.store.example:9100'],
  ['site', 'STORE_047'],
]);
/** What a template writes about one alert, or why it does not. */
async function written(source: string, value: TemplateValue = 0.4217): Promise<string> {
  const parsed = parseTemplate(source);
  if (!parsed.ok) return `refused: ${parsed.error}`;
  const run = await runTemplate(parsed.value, {
    atMs: Date.UTC(2026, 10, 29, 1, 15),
    externalUrl: 'https://sight.example/base',
    labels,
    externalLabels: new Map([['region', 'north']]),
    value,
    query: async (expression) => {
      if (expression === 'broken') throw new TemplateFailure('the query failed');
      return [new TemplateSample(new Map([['job', 'b']]), 2), new TemplateSample(new Map([['job', 'a']]), 1.5)].slice(
        0,
        expression === 'none' ? 0 : 2,
      );
    },
  });
  return run.ok ? run.value : `failed: ${run.error}`;
}

describe('templates', () => {
  it.each([
    ['{{ $labels.instance }} at {{ .Labels.site }}', 'till-1.store.example:9100 at STORE_047'],
    ['{{ $labels.missing }}|{{ $externalLabels.region }}', '|north'],
    ['{{ $value }}', '0.4217'],
    ['{{ $value | humanizePercentage }}', '42.17%'],
    ['{{ printf "%.2f of %s, %d%%" $value $labels.site 5 }}', '0.42 of STORE_047, 5%'],
    ['{{ printf "%6.1f|%-4s|%04d|%q" 2.55 "a" 7 "x" }}', '   2.5|a   |0007|"x"'],
    ['{{ printf "%d" $value }}', '%!d(float64=0.4217)'],
    ['a  {{- /* said */ -}}  b', 'ab'],
    ['{{ if gt $value 0.5 }}high{{ else if gt $value 0.4 }}raised{{ else }}low{{ end }}', 'raised'],
    ['{{ if and $labels.site (not $labels.missing) }}yes{{ end }}', 'yes'],
    ['{{ with $labels.site }}<{{ . }}>{{ else }}none{{ end }}', '<STORE_047>'],
    ['{{ range $i, $s := query "up" }}{{ if $i }}, {{ end }}{{ $s.Labels.job }}={{ $s.Value }}{{ end }}', 'b=2, a=1.5'],
    ['{{ range query "up" | sortByLabel "job" }}{{ .Labels.job }}{{ end }}', 'ab'],
    ['{{ range query "none" }}x{{ else }}nothing{{ end }}', 'nothing'],
    ['{{ range query "up" }}{{ .Value }}{{ break }}{{ end }}', '2'],
    ['{{ with query "up" }}{{ . | first | value | humanize }}{{ end }}', '2'],
    ['{{ query "up" | first | label "job" }} {{ len (query "up") }}', 'b 2'],
    ['{{ $x := "a" }}{{ if true }}{{ $x = "b" }}{{ end }}{{ $x }}', 'b'],
    ['{{ humanize 1234567.0 }} {{ humanize 0.00012 }} {{ humanize1024 1048576.0 }}', '1.235M 120u 1Mi'],
    [
      '{{ humanizeDuration 90061.5 }} {{ humanizeDuration 0.0123 }} {{ humanizeDuration 12.345678 }}',
      '1d 1h 1m 1s 12.3ms 12.35s',
    ],
    ['{{ 1435065584.128 | humanizeTimestamp }}', '2015-06-23 13:19:44.128 +0000 UTC'],
    ['{{ reReplaceAll "(.*):.*" "host $1" $labels.instance }}', 'host till-1.store.example'],
    ['{{ match "^till" $labels.instance }} {{ toUpper "ab" }} {{ title "two words" }}', 'true AB Two Words'],
    ['{{ stripPort $labels.instance }} {{ stripDomain $labels.instance }}', 'till-1.store.example till-1:9100'],
    [
      '{{ graphLink "up == 0" }} {{ externalURL }}{{ pathPrefix }}',
      '/graph?g0.expr=up+%3D%3D+0&g0.tab=0 https://sight.example/base/base',
    ],
    ['{{ parseDuration "1h30m" }} {{ now }}', '5400 1.7799e+09'.replace('1.7799e+09', '1.7959149e+09')],
    [
      '{{ index $labels "site" }} {{ slice "abcd" 1 3 }} {{ $labels }}',
      'STORE_047 bc map[instance:till-1.store.example:9100 site:STORE_047]',
    ],
    ['{{ eq $labels.site "a" "STORE_047" }} {{ ne 1 2 }} {{ le 1.0 1.0 }}', 'true true true'],
    ['{{ args "x" 1 }}', 'map[arg0:x arg1:1]'],
  ])('%s', async (source, expected) => {
    expect(await written(source)).toBe(expected);
  });

  it.each([
    ['{{ $nope }}', 'refused: undefined variable "$nope"'],
    ['{{ nope }}', 'refused: function "nope" not defined'],
    ['{{ if true }}', 'refused: {{if}} has no {{end}}'],
    ['{{ end }}', 'refused: unexpected {{end}}'],
    ['{{ $value', 'refused: unclosed action'],
    ['{{ }}', 'refused: missing value for command'],
    ['{{ template "x" }}', 'refused: {{template}} is not known here'],
    ['{{ gt $value 1 }}', 'failed: incompatible types for comparison'],
    ['{{ query "broken" }}', 'failed: the query failed'],
    ['{{ query "none" | first }}', 'failed: first() called on vector with no elements'],
    ['{{ humanize "x" }}', "failed: can't convert x to float"],
    ['{{ range 20000 }}{{ range 20000 }}x{{ end }}{{ end }}', 'failed: takes more than 20000 steps'],
    ['{{ match "(" "a" }}', expect.stringContaining('failed: error parsing regexp') as unknown as string],
  ])('%s is not written', async (source, expected) => {
    expect(await written(source)).toEqual(expected);
  });

  it('bounds what is nested and written', async () => {
    expect(await written('{{ if true }}'.repeat(200))).toBe('refused: nested deeper than 100');
    expect(await written(`{{ range 3000 }}${'x'.repeat(100)}{{ end }}`)).toBe(
      'failed: writes more than 65536 characters',
    );
  });
});
