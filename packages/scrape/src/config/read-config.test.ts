import { describe, expect, test } from 'vitest';
import { readScrapeConfig } from './read-config.ts';

const read = (yaml: string) => readScrapeConfig(yaml, '/etc/prometheus');

test("Debian's own file", () => {
  const config = read(`
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: { monitor: example }
alerting:
  alertmanagers: [{ static_configs: [{ targets: ['localhost:9093'] }] }]
rule_files: []
scrape_configs:
  - job_name: prometheus
    scrape_interval: 5s
    scrape_timeout: 5s
    static_configs: [{ targets: ['localhost:9090'] }]
  - job_name: node
    static_configs: [{ targets: ['localhost:9100'], labels: { site: STORE_001 } }]
`);
  expect(config).toMatchObject({
    ok: true,
    value: {
      warnings: [],
      jobs: [
        { name: 'prometheus', intervalMs: 5000, timeoutMs: 5000, metricsPath: '/metrics', scheme: 'http' },
        { name: 'node', intervalMs: 15_000, timeoutMs: 10_000, discoveries: [{ kind: 'static' }] },
      ],
    },
  });
});

test('everything of a job', () => {
  const config = read(`
global: { scrape_interval: 1m, sample_limit: 10, body_size_limit: 10MB }
scrape_configs:
  - job_name: all
    honor_labels: true
    honor_timestamps: false
    track_timestamps_staleness: true
    params: { 'match[]': ['{a="b"}', c] }
    scheme: https
    metrics_path: /probe
    sample_limit: 0
    label_limit: 30
    scrape_native_histograms: true
    scrape_classic_histograms: true
    fallback_scrape_protocol: PrometheusText0.0.4
    basic_auth: { username: u, password_file: secrets/password }
    tls_config: { ca_file: ca.pem, insecure_skip_verify: true, server_name: x }
    file_sd_configs: [{ files: ['targets/*.json'], refresh_interval: 1m }]
    http_sd_configs: [{ url: 'http://sd/targets', bearer_token: t }]
    dns_sd_configs: [{ names: [a.example], type: A, port: 9100 }]
    relabel_configs: [{ source_labels: [__address__], target_label: x }]
    metric_relabel_configs: [{ regex: y, action: labeldrop }]
`);
  if (!config.ok) throw new Error(config.error);
  expect(config.value.warnings).toEqual([]);
  expect(config.value.jobs[0]).toMatchObject({
    honorLabels: true,
    honorTimestamps: false,
    trackTimestampsStaleness: true,
    scheme: 'https',
    nativeHistograms: true,
    classicHistograms: true,
    fallbackProtocol: 'PrometheusText0.0.4',
    limits: { samples: Infinity, labels: 30, bodyBytes: 10 * 1024 * 1024 },
    http: {
      basicAuth: { username: { text: 'u' }, password: { file: '/etc/prometheus/secrets/password' } },
      tls: { ca: { file: '/etc/prometheus/ca.pem' }, insecureSkipVerify: true, serverName: 'x' },
    },
    discoveries: [
      { kind: 'file', patterns: ['/etc/prometheus/targets/*.json'], refreshMs: 60_000 },
      {
        kind: 'http',
        url: 'http://sd/targets',
        http: { authorization: { type: 'Bearer', credentials: { text: 't' } } },
      },
      { kind: 'dns', names: ['a.example'], type: 'A', port: 9100 },
    ],
  });
  expect(config.value.jobs[0]?.protocols[0]).toBe('PrometheusProto');
});

describe('left out with a warning', () => {
  test.each([
    [
      'scrape_configs: [{ job_name: a, consul_sd_configs: [{ server: x }] }]',
      'scrape_configs[a]: consul_sd_configs is not supported',
    ],
    ['scrape_configs: [{ job_name: a, scrape_intervall: 5s }]', 'scrape_configs[a].scrape_intervall is not understood'],
    ['scrape_configs: [{ job_name: a, sigv4: {} }]', 'scrape_configs[a]: sigv4 is not supported'],
    ['scrap_configs: []', 'scrap_configs is not understood'],
  ])('%s', (yaml, warning) => {
    const config = read(yaml);
    expect(config.ok && config.value.warnings.join()).toContain(warning);
  });
});

describe('refused', () => {
  test.each([
    ['scrape_configs: [{}]', 'scrape_configs[0]: job_name is missing'],
    ['scrape_configs: [{ job_name: a }, { job_name: a }]', 'two scrape_configs have the job_name "a"'],
    ['scrape_configs: [{ job_name: a, scrape_interval: 5s, scrape_timeout: 10s }]', 'scrape_timeout is longer'],
    [
      'scrape_configs: [{ job_name: a, scrape_interval: often }]',
      'scrape_configs[a].scrape_interval must be a duration',
    ],
    ['scrape_configs: [{ job_name: a, honor_labels: maybe }]', 'honor_labels must be true or false'],
    ['scrape_configs: [{ job_name: a, scheme: ftp }]', 'scheme must be one of http, https'],
    [
      'scrape_configs: [{ job_name: a, bearer_token: geheim123, basic_auth: { username: u } }]',
      'only one of basic_auth',
    ],
    ['scrape_configs: [{ job_name: a, basic_auth: [geheim123] }]', 'basic_auth must be a mapping'],
    ['scrape_configs: [{ job_name: a, dns_sd_configs: [{ names: [a], type: A }] }]', 'type A needs a port'],
    ['scrape_configs: [{ job_name: a, file_sd_configs: [{ files: [x.txt] }] }]', 'must end in .json, .yml or .yaml'],
    ['scrape_configs: [{ job_name: a, scrape_protocols: [Smoke] }]', 'scrape_protocols knows'],
    ['scrape_configs: [{ job_name: a, oauth2: { token_url: x } }]', 'token_url must begin with http://'],
    ["scrape_configs: [{ job_name: a, oauth2: { token_url: 'http://x' } }]", 'client_id is missing'],
    ["scrape_configs: [{ job_name: a, proxy_url: 'socks5://x' }]", 'proxy_url must be the address of an HTTP proxy'],
    ['scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{}] }]', 'role is missing'],
    ['scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: moon }] }]', 'role must be one of node, pod'],
    [
      'scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod, kubeconfig_file: x }] }]',
      'kubeconfig_file cannot be read (ENOENT)',
    ],
    [
      "scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod, api_server: 'https://k', kubeconfig_file: x }] }]",
      'exclude each other',
    ],
    [
      'scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod, bearer_token: x }] }]',
      'goes with an api_server',
    ],
    [
      'scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: pod, selectors: [{ role: service }] }] }]',
      'the role pod reads nothing of the role service',
    ],
    ['a: [', 'the file is no YAML'],
    ['- a', 'must be a mapping'],
  ])('%s', (yaml, error) => {
    const config = read(yaml);
    expect(config.ok).toBe(false);
    if (config.ok) return;
    expect(config.error).toContain(error);
    expect(config.error).not.toContain('geheim123');
  });
});

describe('of people who may not read the files of this machine', () => {
  test.each([
    ['bearer_token_file: /etc/shadow', 'bearer_token_file names a file'],
    ['basic_auth: { username: u, password_file: x }', 'password_file names a file'],
    ['authorization: { credentials_file: x }', 'credentials_file names a file'],
    ['tls_config: { ca_file: x }', 'ca_file names a file'],
    ['http_headers: { x-a: { files: [/etc/shadow] } }', 'files names a file'],
    ["file_sd_configs: [{ files: ['/etc/*.json'] }]", 'use http_sd_configs'],
    ["http_sd_configs: [{ url: 'http://x', bearer_token_file: x }]", 'bearer_token_file names a file'],
    ['kubernetes_sd_configs: [{ role: pod }]', "the server's own account"],
    ["oauth2: { client_id: a, client_secret_file: x, token_url: 'http://x' }", 'client_secret_file names a file'],
  ])('%s is refused', (yaml, error) => {
    const text = `scrape_configs: [{ job_name: a, ${yaml} }]`;
    expect(read(text).ok).toBe(true);
    const config = readScrapeConfig(text, undefined);
    expect(config.ok ? '' : config.error).toContain(error);
  });
  test('what reads nothing is taken', () =>
    expect(readScrapeConfig('scrape_configs: [{ job_name: a, bearer_token: t }]', undefined)).toMatchObject({
      ok: true,
    }));
});

test('a cluster that we run in is asked with the account of our own pod', () => {
  const config = read(
    'scrape_configs: [{ job_name: a, kubernetes_sd_configs: [{ role: endpoints, namespaces: { own_namespace: true } }] }]',
  );
  if (!config.ok) throw new Error(config.error);
  const account = '/var/run/secrets/kubernetes.io/serviceaccount';
  expect(config.value.jobs[0]?.discoveries).toMatchObject([
    {
      apiServer: 'https://kubernetes.default.svc',
      ownNamespaceFile: `${account}/namespace`,
      http: {
        authorization: { type: 'Bearer', credentials: { file: `${account}/token` } },
        tls: { ca: { file: `${account}/ca.crt` }, insecureSkipVerify: false },
      },
    },
  ]);
});

describe('attributes of OTLP resources', () => {
  test.each<[what: string, yaml: string, expected: unknown, warnings: string[]]>([
    ['nothing', 'scrape_configs: []', undefined, []],
    ['the defaults', 'otlp: { translation_strategy: UnderscoreEscapingWithSuffixes }', undefined, []],
    [
      'some',
      'otlp: { promote_resource_attributes: [k8s.pod.name, cloud.region] }',
      { attributes: ['k8s.pod.name', 'cloud.region'], all: false },
      [],
    ],
    [
      'all but some',
      'otlp: { promote_all_resource_attributes: true, ignore_resource_attributes: [process.pid] }',
      { attributes: ['process.pid'], all: true },
      [],
    ],
    [
      'what is not followed',
      'otlp: { translation_strategy: NoTranslation, promote_scope_metadata: true }',
      undefined,
      [
        'otlp: names are made by UnderscoreEscapingWithSuffixes alone',
        'otlp.promote_scope_metadata is not understood and left out',
      ],
    ],
  ])('%s', (_, yaml, expected, warnings) => {
    const config = read(yaml);
    expect(config.ok && [config.value.promotion, config.value.warnings]).toEqual([expected, warnings]);
  });

  test.each([
    ['promote_all_resource_attributes: true, promote_resource_attributes: [a]', 'exclude each other'],
    ['ignore_resource_attributes: [a]', 'needs promote_all_resource_attributes'],
    ['promote_resource_attributes: [a, a]', 'named twice'],
    ["promote_resource_attributes: ['']", 'no name'],
    ['promote_resource_attributes: a', 'must be a list'],
    [`promote_resource_attributes: [${Array.from({ length: 101 }, (_, n) => `a${n}`).join(', ')}]`, 'at most 100'],
  ])('%s is refused', (yaml, message) => {
    const config = read(`otlp: { ${yaml} }`);
    expect(config.ok ? '' : config.error).toContain(message);
  });

  test('a text of an organisation cannot say it for the whole server', () => {
    const config = readScrapeConfig('otlp: { promote_all_resource_attributes: true }', undefined);
    expect(config.ok && [config.value.promotion, config.value.warnings.length]).toEqual([undefined, 1]);
  });
});
