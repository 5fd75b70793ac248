/** Go's own functions and those that Prometheus adds (https://prometheus.io/docs/prometheus/latest/configuration/template_reference/). */
export const functionNames: ReadonlySet<string> = new Set(
  (
    'and or not len index slice print printf println html js urlquery eq ne lt le gt ge ' +
    'query first label value strvalue args reReplaceAll safeHtml match title toUpper toLower graphLink tableLink sortByLabel ' +
    'stripPort stripDomain humanize humanize1024 humanizeDuration humanizePercentage humanizeTimestamp toTime toDuration now ' +
    'pathPrefix externalURL parseDuration urlQueryEscape'
  ).split(' '),
);
