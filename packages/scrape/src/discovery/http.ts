import { fail, type Result } from '@sightline/base';
import type { Discovery, TargetGroup } from '../config/scrape-job.ts';
import { type AddressGuard, HttpClient } from '../http/http-client.ts';
import { readGroups } from './read-groups.ts';

const timeoutMs = 30_000;
const bodyLimitBytes = 16 * 1024 * 1024;

/** Target groups from an address (https://prometheus.io/docs/prometheus/latest/http_sd/). */
export class HttpDiscovery {
  readonly #discovery: Extract<Discovery, { kind: 'http' }>;
  readonly #client: HttpClient;

  constructor(discovery: Extract<Discovery, { kind: 'http' }>, guard?: AddressGuard) {
    this.#discovery = discovery;
    this.#client = new HttpClient(discovery.http, guard);
  }

  async find(signal: AbortSignal): Promise<Result<readonly TargetGroup[], string>> {
    const { url, refreshMs } = this.#discovery;
    const headers = {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'x-prometheus-refresh-interval-seconds': String(refreshMs / 1000),
    };
    const answer = await this.#client.get(url, { headers, timeoutMs, bodyLimitBytes, signal });
    if (!answer.ok) return fail(`${new URL(url).host}: ${answer.error}`);
    if (!/^application\/json\b/i.test(answer.value.contentType))
      return fail(`${new URL(url).host}: the Content-Type is not application/json`);
    try {
      return readGroups(JSON.parse(answer.value.body.toString('utf8')), new URL(url).host, [['__meta_url', url]]);
    } catch {
      return fail(`${new URL(url).host}: the answer is no JSON`);
    }
  }

  close(): void {
    this.#client.close();
  }
}
