import { isMap, isScalar, isSeq, type Node, parseDocument, visit } from 'yaml';

/** Keys whose values nobody gets to see. */
const secretKeys = /^(?:password|credentials|bearer_token|client_secret|secret_key|api_key|token|key|secrets)$/;

/** The configuration as people may see it, secrets as `<secret>`; of one job where `job` is not ''. '' where there is none. */
export function redactedConfig(text: string, job: string): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) return '';
  visit(document, {
    Pair: (_, pair) => {
      if (!isScalar(pair.key) || !secretKeys.test(String(pair.key.value))) return undefined;
      if (isScalar(pair.value) || isSeq(pair.value)) pair.value = document.createNode('<secret>');
      return visit.SKIP;
    },
    Scalar: (_, scalar) => {
      // Passwords within addresses.
      if (typeof scalar.value === 'string')
        scalar.value = scalar.value.replace(/^(\w+:\/\/[^/:@\s]*):[^/@\s]*@/, '$1:<secret>@');
    },
  });
  if (job === '') return document.toString();
  const jobs = document.get('scrape_configs');
  const found = isSeq(jobs)
    ? (jobs.items as Node[]).find((item) => isMap(item) && String(item.get('job_name')) === job)
    : undefined;
  if (!found) return '';
  document.contents = found as typeof document.contents;
  return document.toString();
}
