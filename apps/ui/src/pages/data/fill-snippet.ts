/** What a snippet's blanks are filled with. `url` is the address of this server as clients reach it. */
export interface SnippetValues {
  readonly url: string;
  readonly key: string;
  readonly dsn: string;
}

/** The snippet with {url}, {host}, {key} and {dsn} filled in: it works when pasted. Other braces are left alone. */
export function fillSnippet(snippet: string, values: SnippetValues): string {
  const host = values.url.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  const blanks: Record<string, string> = { url: values.url, host, key: values.key, dsn: values.dsn };
  return snippet.replaceAll(/\{(url|host|key|dsn)\}/g, (_, name: string) => blanks[name] ?? '');
}
