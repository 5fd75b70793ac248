import { describe, expect, test } from 'vitest';
import { redactedConfig, restoredConfig } from './redacted-config.ts';

const before = `scrape_configs:
  - job_name: till
    scheme: https
    authorization:
      credentials: geheim1
    proxy_url: http://u:geheim2@proxy:3128
    tls_config:
      server_name: till
      cert: public
      key: geheim3
    static_configs:
      - targets: ['10.0.0.5:9100', '10.0.0.6:9100']
        labels:
          site: STORE_001
    http_sd_configs:
      - url: https://sd/x
        bearer_token: geheim4
    relabel_configs:
      - source_labels: [__meta_x]
        target_label: __address__
  - job_name: cloud
    oauth2:
      client_id: a
      client_secret: geheim5
      token_url: https://tokens/x
    kubernetes_sd_configs:
      - role: pod
        api_server: https://k8s
        basic_auth:
          username: u
          password: geheim6
`;
const shown = redactedConfig(before, '');
const changed = (from: string, to: string): string => {
  expect(shown).toContain(from);
  return shown.replace(from, to);
};

describe('a secret is kept only for where it went before', () => {
  test.each([
    ['another target', "'10.0.0.6:9100'", 'evil.example:80', 'till.authorization.credentials: static_configs'],
    [
      'a target more',
      "[ '10.0.0.5:9100'",
      "[ '10.0.0.5:9100', evil:1",
      'till.authorization.credentials: static_configs',
    ],
    ['no encryption', 'scheme: https', 'scheme: http', 'till.authorization.credentials: scheme'],
    ['another proxy', '@proxy:3128', '@evil:3128', 'till.authorization.credentials: proxy_url'],
    ['another name in the certificate', 'server_name: till', 'server_name: evil', 'credentials: tls_config'],
    ['a label that says how to ask', 'site: STORE_001', '__scheme__: http', 'credentials: static_configs'],
    [
      'another way to an address',
      'target_label: __address__',
      'target_label: __host__',
      'credentials: relabel_configs',
    ],
    ['targets from elsewhere', 'url: https://sd/x', 'url: https://evil/x', 'till.http_sd_configs.0.bearer_token: url'],
    ['tokens from elsewhere', 'https://tokens/x', 'https://evil/x', 'cloud.oauth2.client_secret: oauth2.token_url'],
    ['another cluster', 'https://k8s', 'https://evil', 'cloud.kubernetes_sd_configs.0.basic_auth.password: api_server'],
    [
      'discovery beside it',
      'oauth2:',
      'dns_sd_configs: [{ names: [evil] }]\n    oauth2:',
      'client_secret: dns_sd_configs',
    ],
  ])('%s', (_, from, to, place) => {
    const restored = restoredConfig(changed(from, to), before);
    expect(restored.ok ? '' : restored.error).toContain(`${place} has changed`);
    expect(restored.ok ? '' : restored.error).toContain('write it out instead of <secret>');
    expect(restored.ok ? '' : restored.error).not.toContain('geheim');
  });

  test('secrets that are written out go anywhere', () => {
    const anew = changed('https://tokens/x', 'https://new/x').replace('client_secret: <secret>', 'client_secret: new');
    // Those of its discovery stay where they are.
    const restored = restoredConfig(anew, before);
    expect(restored).toMatchObject({ ok: true });
    expect(restored.ok && restored.value).toContain('client_secret: new');
    expect(restored.ok && restored.value).toContain('geheim6');
  });

  test.each([
    ['a label of people', 'site: STORE_001', 'site: STORE_002'],
    ['how often', 'scheme: https', 'scheme: https\n    scrape_interval: 5s'],
    ['another job', 'scrape_configs:', 'scrape_configs:\n  - job_name: third\n    static_configs: [{ targets: [a] }]'],
    ['the order of keys', 'job_name: till\n    scheme: https', 'scheme: https\n    job_name: till'],
    ['a rule for samples', 'relabel_configs:', 'metric_relabel_configs: []\n    relabel_configs:'],
  ])('%s may change', (_, from, to) => {
    const restored = restoredConfig(changed(from, to), before);
    expect(restored.ok ? restored.value.match(/geheim/g)?.length : restored.error).toBe(6);
  });

  test('rules that move no address may change, unless one of them begins to', () => {
    const plain =
      'scrape_configs: [{ job_name: a, bearer_token: geheim, relabel_configs: [{ regex: x, action: drop }] }]';
    const text = redactedConfig(plain, '');
    expect(restoredConfig(text.replace('x', 'y'), plain)).toMatchObject({ ok: true });
    for (const action of ['action: labelmap', 'target_label: __address__', 'target_label: $1'])
      expect(restoredConfig(text.replace('action: drop', action), plain)).toMatchObject({ ok: false });
  });

  test.each([
    'scrape_configs: [{ job_name: a, authorization: &s { credentials: geheim } }]',
    'scrape_configs: [{ job_name: a, authorization: { credentials: &s geheim } }]',
    'scrape_configs: [&s { job_name: a, authorization: { credentials: geheim } }]',
    'x: &s { credentials: geheim }\nscrape_configs: [{ job_name: a, authorization: *s }]',
  ])('an alias takes no secret to another job: %s', (text) => {
    const kept = redactedConfig(text, '');
    expect(restoredConfig(kept, text)).toMatchObject({ ok: true });
    const more = `${kept.trimEnd().replace(/\]$/, '')}, { job_name: evil, static_configs: [{ targets: [evil] }], authorization: *s }]`;
    expect(restoredConfig(more, text)).toMatchObject({ ok: false, error: expect.stringContaining('evil') });
  });
});
