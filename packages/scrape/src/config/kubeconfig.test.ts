import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sl-kubeconfig-'));
const file = path.join(folder, 'config');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const written = (cluster: string, user: string, more = ''): string => `
apiVersion: v1
kind: Config
current-context: shop
contexts:
  - { name: other, context: { cluster: nowhere, user: nobody } }
  - { name: shop, context: { cluster: east, user: ann, namespace: tills } }
clusters:
  - name: east
    cluster: { ${cluster} }
users:
  - name: ann
    user: { ${user} }
${more}`;

test.each([
  [
    'a token and an authority',
    written(
      `server: 'https://k8s:6443/', certificate-authority-data: ${Buffer.from('CA').toString('base64')}, tls-server-name: api`,
      'token: geheim123',
    ),
    {
      apiServer: 'https://k8s:6443',
      http: {
        authorization: { type: 'Bearer', credentials: { text: 'geheim123' } },
        tls: { ca: { text: 'CA' }, serverName: 'api', insecureSkipVerify: false },
      },
    },
  ],
  [
    'files, beside the kubeconfig',
    written(
      "server: 'https://k8s', certificate-authority: ca.crt, insecure-skip-tls-verify: true, proxy-url: 'http://proxy:3128'",
      'client-certificate: pki/ann.crt, client-key: /etc/pki/ann.key',
    ),
    {
      http: {
        authorization: undefined,
        proxy: { url: 'http://proxy:3128' },
        tls: {
          ca: { file: path.join(folder, 'ca.crt') },
          cert: { file: path.join(folder, 'pki/ann.crt') },
          key: { file: '/etc/pki/ann.key' },
          insecureSkipVerify: true,
        },
      },
    },
  ],
  [
    'a token in a file before one that is written out, as kubectl takes it',
    written("server: 'https://k8s'", 'token: old, tokenFile: token'),
    { http: { authorization: { credentials: { file: path.join(folder, 'token') } } } },
  ],
  [
    'a password',
    written("server: 'https://k8s'", 'username: ann, password: geheim123'),
    { http: { basicAuth: { username: { text: 'ann' }, password: { text: 'geheim123' } } } },
  ],
])('%s', (_, text, expected) => {
  writeFileSync(file, text);
  expect(readKubeconfig(file)).toMatchObject({ ok: true, value: expected });
});

test.each([
  [
    'a program for a token',
    written("server: 'https://k'", 'exec: { command: aws }, token: geheim123'),
    'no programs are run',
  ],
  ['a provider', written("server: 'https://k'", 'auth-provider: { name: gcp }'), 'providers are not asked'],
  ['another person', written("server: 'https://k'", 'token: geheim123, as: root'), 'nobody else is impersonated'],
  [
    'a token and a password',
    written("server: 'https://k'", 'token: geheim123, username: a'),
    'both a token and a password',
  ],
  ['no server', written('', 'token: geheim123'), 'has a server that does not begin with'],
  ['a proxy of another kind', written("server: 'https://k', proxy-url: 'socks5://p'", ''), 'proxy-url'],
  ['no context', 'clusters: []', 'has no current-context'],
  ['a context that is not there', 'current-context: x', 'has no context of the name'],
  ['a cluster that is not there', 'current-context: x\ncontexts: [{ name: x, context: { cluster: y } }]', 'cluster'],
  ['no YAML', 'a: [', 'it is no YAML'],
])('%s is refused, and no value is repeated', (_, text, reason) => {
  writeFileSync(file, text);
  const read = readKubeconfig(file);
  expect(read.ok ? '' : read.error).toContain(reason);
  expect(read.ok ? '' : read.error).not.toContain('geheim123');
});

test('a file that is not there', () =>
  expect(readKubeconfig(path.join(folder, 'none'))).toEqual({ ok: false, error: 'cannot be read (ENOENT)' }));
